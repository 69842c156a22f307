"""One run of a role, in a process of its own."""

import ctypes
import logging
import signal
import sys
from multiprocessing import connection, get_context
from typing import Any

from common.errors import VisionError
from common.interfaces import Target
from common.supervision.run_role import run_role
from common.telemetry.console_log import configure_logging

PR_SET_PDEATHSIG = 1  # of prctl(2)


class Worker:
    """A process that tells its parent how it ended."""

    def __init__(self, name: str, target: Target, args: tuple[Any, ...]) -> None:
        self.name = name
        context = get_context("spawn")  # fork copies the locks of OpenCV and onnxruntime without their threads
        self._result, sender = context.Pipe(duplex=False)
        args = (sender, logging.getLogger().getEffectiveLevel(), name, target, args)
        self._worker = context.Process(target=_run, args=args, name=name, daemon=True)
        self._sender = sender

    def start(self) -> None:
        """Start the role. Called once."""
        self._worker.start()
        self._sender.close()  # the child has its own; with that one the pipe ends

    def is_alive(self) -> bool:
        """Whether the role still runs."""
        return self._worker.is_alive()

    def join(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the role to end; says whether it has."""
        self._worker.join(timeout_s)
        return not self.is_alive()

    def kill(self) -> bool:
        """Terminate the process, and kill it if that is not enough."""
        self._worker.terminate()
        if not self.join(0.5):
            self._worker.kill()
        return self.join(2)  # seconds: a busy machine takes some time to free what it held

    def failure(self) -> Exception | None:
        """Why the role ended, None when it ended as it should. Asked once, after its end."""
        try:
            failure: Exception | None = self._result.recv()
            return failure
        except EOFError:
            return VisionError(f"died with exit code {self._worker.exitcode}")


def _run(sender: connection.Connection, level: int, name: str, target: Target, args: tuple[Any, ...]) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to every process; the parent alone says stop
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":  # a parent that dies stops all roles but one that hangs: that one the kernel ends
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    configure_logging(level)
    sender.send(run_role(name, target, args))
