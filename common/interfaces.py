"""The seam: the protocols that an implementation provides and that the rest of the app uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from common.frames import Frame, Image
from common.transport import Transport


class FrameMemory(Protocol):
    """Memory for the frames of one camera, shared by its queues: a frame that is put into several is copied once."""

    def allocate(self, shape: tuple[int, ...]) -> Image:
        """Return an array for the pixels of a frame, which `LatestQueue.put` then does not copy.

        Its memory is used again when neither a reference nor a queue holds it. Any thread may call this.
        """


class FrameReader(Protocol):
    """The consumer's side of one or more queues."""

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None.

        Of several queues, that is read which has held an unread frame for the longest time. Raises QueueBrokenError
        when a process died inside a queue, and FrameDroppedError for a frame that is not to be used.
        """


class LatestQueue(FrameReader, Protocol):
    """A queue of size 1 for one producer and one consumer, in which a new frame overwrites an unread one."""

    overwritten_count: int
    """Frames that this side, the producer's, overwrote. 0 in the process of the consumer."""

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks.

        Raises FrameTooLargeError, or QueueBrokenError when a process died inside the queue.
        """

    def is_full(self) -> bool:
        """Return whether a frame is unread."""


class StopSignal(Protocol):
    """Carries stop from the supervisor to one run of a role, and the heartbeats of that run back to the supervisor."""

    def set(self) -> None:
        """Request stop. Called by the supervisor; may be called more than once."""

    def is_set(self) -> bool:
        """Return True once stop was requested, or once the process of the supervisor has ended."""

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until stop is requested, at most `timeout_s` seconds (None: no limit), and return `is_set()`."""

    def beat(self) -> None:
        """Count one heartbeat.

        Called every few seconds by the role's own loop, never by a helper thread, which goes on while that loop hangs.
        """

    def beats(self) -> int:
        """Return the number of heartbeats so far. It does not change while the role hangs."""


class Target(Protocol):
    """What a role does from start to end: a function at module level, so that another process can import it."""

    def __call__(self, *args: Any, **kwargs: Any) -> None: ...


class Worker(Protocol):
    """One run of a role, in a thread or a process of its own."""

    name: str

    def start(self) -> None:
        """Start the role. Called once."""

    def is_alive(self) -> bool:
        """Return whether the role is still running."""

    def join(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the role to end, and return whether it has."""

    def kill(self) -> bool:
        """End a role that does not stop on request, and return whether it has ended: False for a thread."""

    def failure(self) -> Exception | None:
        """Return why the role failed, or None if it ended normally. Called once, after its end."""


@dataclass(frozen=True)
class Runtime:
    """One implementation: its name and the factories of its parts.

    frame_memory(queues), latest_queue(memory, name) or latest_queue() for one with a memory of its own,
    queue_reader(queues), stop_signal(), worker(name, target, args). `transport` is None where messages take a loopback
    websocket.
    """

    name: str
    frame_memory: Callable[[int], FrameMemory]
    latest_queue: Callable[..., LatestQueue]
    queue_reader: Callable[[Sequence[Any]], FrameReader]
    stop_signal: Callable[[], StopSignal]
    worker: Callable[[str, Target, tuple[Any, ...]], Worker]
    transport: Transport | None = None
