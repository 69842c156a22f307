"""The signal that stops a role, and the count of the role's heartbeats."""

import threading


class StopSignal:
    """A `threading.Event`, and a count in the memory that all threads share."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._beats = 0

    def set(self) -> None:
        """Request stop. May be called more than once."""
        self._event.set()

    def is_set(self) -> bool:
        """Return True once stop was requested."""
        return self._event.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until stop is requested, at most `timeout_s` seconds (None: no limit), and return `is_set()`."""
        return self._event.wait(timeout_s)

    def beat(self) -> None:
        """Count one heartbeat."""
        self._beats += 1

    def beats(self) -> int:
        """Return the number of heartbeats so far. It does not change while the role hangs."""
        return self._beats
