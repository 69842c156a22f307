"""The one thing that travels to every role: stop."""

import threading


class StopSignal:
    """An event that all threads share."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask every holder to end."""
        self._event.set()

    def is_set(self) -> bool:
        """True from the moment it was set."""
        return self.wait(0)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until set, or `timeout_s` seconds at most; says whether it is set."""
        return self._event.wait(timeout_s)
