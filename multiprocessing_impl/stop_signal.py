"""The signal that stops a role, and the count of the role's heartbeats."""

from multiprocessing import connection, get_context
from typing import Any


class StopSignal:
    """A pipe whose write end only the parent holds: end of file means stop, also when the parent was killed.

    `multiprocessing.Event.set()` blocks for ever once a process was killed while it waited (CPython issue gh-75158).
    Likewise the count of heartbeats has no lock, which a process killed while it holds it would never release.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._reader, self._writer = context.Pipe(duplex=False)
        self._beats: Any = context.RawValue("Q", 0)

    def __getstate__(self) -> dict[str, Any]:
        # Without the write end: a reader gets end of file only after all write ends are closed (pipe(7)).
        return {"_reader": self._reader, "_beats": self._beats}

    def set(self) -> None:
        """Request stop. May be called more than once."""
        self._writer.close()

    def is_set(self) -> bool:
        """Return True once stop was requested, or once the parent process has ended."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until stop is requested, at most `timeout_s` seconds (None: no limit), and return `is_set()`."""
        return bool(connection.wait([self._reader], timeout_s))

    def beat(self) -> None:
        """Count one heartbeat."""
        self._beats.value += 1

    def beats(self) -> int:
        """Return the number of heartbeats so far. It does not change while the role hangs."""
        return int(self._beats.value)
