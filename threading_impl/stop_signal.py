"""The one thing that travels to every role, stop; each look at it is the role's heartbeat."""

import threading

from common.supervision.heartbeat import steps_s


class StopSignal:
    """An event that threads share."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._beats = 0

    def set(self) -> None:
        """Ask every holder to end."""
        self._event.set()

    def is_set(self) -> bool:
        """True from the moment it was set."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until set, or `timeout_s` seconds at most; says whether it is set."""
        for step_s in steps_s(timeout_s):
            self._beats += 1
            if self._event.wait(step_s):
                return True
        return False

    def beats(self) -> int:
        """How often a holder has looked: a number that stands still while all of them hang."""
        return self._beats
