"""One run of a role, in a process of its own."""

import logging
import signal
from multiprocessing import connection, get_context
from typing import Any

from common.errors import VisionError
from common.interfaces import Target
from common.native_threads import end_beside_native_threads
from common.supervision.run_role import run_role
from common.telemetry.console_log import configure_logging
from common.telemetry.console_stream import unblock_console
from common.telemetry.memory_probe import end_without_memory

from .os_support import blocked, end_with_parent, exit_reason, prepare_to_spawn

TERMINATE_S = 0.5
KILL_S = 2.0  # on a busy machine the kernel takes some time to free the memory of a process


class Worker:
    """A spawned `multiprocessing.Process` that sends its failure to the parent."""

    def __init__(self, name: str, target: Target, args: tuple[Any, ...]) -> None:
        self.name = name
        # fork copies the locks of OpenCV and onnxruntime without the threads that hold them (CPython issue gh-84559).
        context = get_context("spawn")
        self._result, self._sender = context.Pipe(duplex=False)
        args = (self._sender, logging.getLogger().getEffectiveLevel(), name, target, args)
        self._worker = context.Process(target=_run, args=args, name=name, daemon=True)

    def start(self) -> None:
        """Start the role. Called once."""
        prepare_to_spawn()
        # A terminal sends both signals to every process in the foreground. Only the parent reacts to them.
        with blocked(signal.SIGINT, signal.SIGHUP):
            self._worker.start()
        self._sender.close()  # the child holds the only copy, so the pipe closes with the child

    def is_alive(self) -> bool:
        """Return whether the role is still running."""
        return self._worker.is_alive()

    def join(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the role to end, and return whether it has."""
        self._worker.join(timeout_s)
        return not self.is_alive()

    def kill(self) -> bool:
        """Terminate the process, and kill it if that is not enough.

        A process in uninterruptible sleep, in a system call of a driver say, ends only when it has left it.
        """
        self._worker.terminate()
        if not self.join(TERMINATE_S):
            self._worker.kill()
            self.join(KILL_S)
        return True

    def failure(self) -> Exception | None:
        """Return why the role failed, or None if it ended normally. Called once, after its end."""
        try:
            failure: Exception | None = self._result.recv()
        except (EOFError, OSError):  # killed before it sent its result, or meanwhile
            return VisionError(exit_reason(self._worker.exitcode or 0))
        return failure


def _run(sender: connection.Connection, level: int, name: str, target: Target, args: tuple[Any, ...]) -> None:
    # The end of the parent sets the stop signal; a child that hangs does not check it.
    end_with_parent()
    unblock_console()
    configure_logging(level)
    end_without_memory()
    sender.send(run_role(name, target, args))
    end_beside_native_threads(0)
