"""The one thing that travels to every role, stop; each look at it is the role's heartbeat."""

from multiprocessing import connection, get_context
from typing import Any

from common.supervision.heartbeat import steps_s


class StopSignal:
    """A pipe whose write end only the parent holds: end of file is stop, so a parent that dies stops its children.

    A `multiprocessing.Event` would not do: `set()` hangs for ever once a process was killed while it waited.
    Nor would a count of beats with a lock: killed with that in its hands, a process would never give it back.
    """

    def __init__(self) -> None:
        context = get_context("spawn")
        self._reader, self._writer = context.Pipe(duplex=False)
        self._beats: Any = context.RawValue("Q", 0)

    def __getstate__(self) -> dict[str, Any]:
        # A child that held the write end would keep the end of file away.
        return {"_reader": self._reader, "_beats": self._beats}

    def set(self) -> None:
        """Ask every holder to end."""
        self._writer.close()

    def is_set(self) -> bool:
        """True from the moment it was set."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until set, or `timeout_s` seconds at most; says whether it is set."""
        for step_s in steps_s(timeout_s):
            self._beats.value += 1
            if connection.wait([self._reader], step_s):
                return True
        return False

    def beats(self) -> int:
        """How often a holder has looked: a number that stands still while all of them hang."""
        return int(self._beats.value)
