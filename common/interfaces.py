"""The seam: the protocols that an implementation provides and that the rest of the app uses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from common.frames import Frame

Target: TypeAlias = Callable[..., None]
"""What a role does from its start to its end: a function of a module, so that another process can import it."""


class LatestQueue(Protocol):
    """A queue of size 1 whose newest frame overwrites the one before. One producer, one consumer.

    Each side counts what it did itself; in another process the other side's counts stay 0.
    """

    put_count: int
    overwritten_count: int
    taken_count: int

    def put(self, frame: Frame) -> None:
        """Leave `frame` as the newest. Never waits for the consumer.

        Raises FrameTooLargeError, or QueueBrokenError when a process died inside the queue.
        """

    def get(self, timeout_s: float) -> Frame | None:
        """Take the newest frame, waiting up to `timeout_s` seconds for one; None when none came.

        Raises QueueBrokenError when a process died inside the queue.
        """


class StopSignal(Protocol):
    """Set once by whoever started the role; every wait of a role is a wait for it.

    Each look at it is a heartbeat, so a role's own loop must look every few seconds, and no helper thread ever.
    """

    def set(self) -> None:
        """Ask every holder to end. May be called more than once."""

    def is_set(self) -> bool:
        """True from the moment it was set, or its owner died."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until set, or `timeout_s` seconds at most; says whether it is set."""


class Lifeline(StopSignal, Protocol):
    """A stop signal whose maker sees whether its holder still looks at it."""

    def beats(self) -> int:
        """How often a holder has looked: a number that stands still while all of them hang."""


class Worker(Protocol):
    """One run of a role, in a thread or a process of its own."""

    name: str

    def start(self) -> None:
        """Start the role. Called once."""

    def is_alive(self) -> bool:
        """Whether the role still runs."""

    def join(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the role to end; says whether it has."""

    def kill(self) -> bool:
        """End a role that does not stop when asked; False where that cannot be done (a thread)."""

    def failure(self) -> Exception | None:
        """Why the role ended, None when it ended as it should. Asked once, after its end."""


@dataclass(frozen=True)
class Runtime:
    """One implementation: what it is called and how it makes its three parts."""

    name: str
    latest_queue: Callable[[], LatestQueue]
    stop_signal: Callable[[], Lifeline]
    worker: Callable[[str, Target, tuple[Any, ...]], Worker]
