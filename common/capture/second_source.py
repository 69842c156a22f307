"""A second source in the same role, read by a thread beside the role's own loop."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from common.interfaces import StopSignal

JOIN_TIMEOUT_S = 1.5  # a LiveSource takes up to a second to close


class ThreadStop:
    """A StopSignal within a process. It counts no heartbeats: those are for the role's own loop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Request stop."""
        self._event.set()

    def is_set(self) -> bool:
        """Return whether stop was requested."""
        return self._event.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until stop is requested, at most `timeout_s` seconds, and return `is_set()`."""
        return self._event.wait(timeout_s)

    def beat(self) -> None:
        """Count nothing."""

    def beats(self) -> int:
        """Return 0."""
        return 0


class SecondSource:
    """Runs `read` in a thread; it is itself the StopSignal of the role's loop, set also when the thread fails."""

    def __init__(self, read: Callable[[StopSignal], None], stop: StopSignal) -> None:
        """`stop` is that of the role; `read` gets one that is set when this object is closed."""
        self._read = read
        self._stop = stop
        self._thread_stop = ThreadStop()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="second source", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the thread. Raises what ended it, unless another error is raised already."""
        self._thread_stop.set()
        self._thread.join(JOIN_TIMEOUT_S)
        if self._failure is not None and error is None:
            raise self._failure

    def set(self) -> None:
        """Request stop."""
        self._stop.set()

    def is_set(self) -> bool:
        """Return whether stop was requested or the thread failed."""
        return self._failure is not None or self._stop.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until stop is requested, at most `timeout_s` seconds, and return `is_set()`."""
        return self._stop.wait(timeout_s) or self.is_set()

    def beat(self) -> None:
        """Count a heartbeat of the role."""
        self._stop.beat()

    def beats(self) -> int:
        """Return the number of heartbeats of the role."""
        return self._stop.beats()

    def _run(self) -> None:
        try:
            self._read(self._thread_stop)
        except Exception as error:  # raised in the role's own thread, by __exit__
            self._failure = error
