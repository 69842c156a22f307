"""The one thing that travels to every role: stop."""

from multiprocessing import connection, get_context
from typing import Any


class StopSignal:
    """A pipe whose write end only the parent holds: end of file is stop, so a parent that dies stops its children.

    A `multiprocessing.Event` would not do: `set()` hangs for ever once a process was killed while it waited.
    """

    def __init__(self) -> None:
        self._reader, self._writer = get_context("spawn").Pipe(duplex=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"_reader": self._reader}  # a child that held the write end would keep the end of file away

    def set(self) -> None:
        """Ask every holder to end."""
        self._writer.close()

    def is_set(self) -> bool:
        """True from the moment it was set."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until set, or `timeout_s` seconds at most; says whether it is set."""
        return bool(connection.wait([self._reader], timeout_s))
