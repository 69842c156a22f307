"""One run of a role, in a thread of its own."""

from typing import Any

from common.interfaces import Target
from common.native_threads import native_thread
from common.supervision.run_role import run_role


class Worker:
    """A `threading.Thread` that keeps its failure."""

    def __init__(self, name: str, target: Target, args: tuple[Any, ...]) -> None:
        self.name = name
        self._failure: Exception | None = None
        self._worker = native_thread(self._run, name, (name, target, args))

    def start(self) -> None:
        """Start the role. Called once."""
        self._worker.start()

    def is_alive(self) -> bool:
        """Return whether the role is still running."""
        return self._worker.is_alive()

    def join(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the role to end, and return whether it has."""
        self._worker.join(timeout_s)
        return not self.is_alive()

    def kill(self) -> bool:
        """Return False: a thread cannot be killed, only the process with all of its threads."""
        return False

    def failure(self) -> Exception | None:
        """Return why the role failed, or None if it ended normally. Called once, after its end."""
        return self._failure

    def _run(self, name: str, target: Target, args: tuple[Any, ...]) -> None:
        self._failure = run_role(name, target, args)
