"""The app in a process of its own, as a user starts it."""

import re
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from benchmark.errors import MeasuringError

ROOT = Path(__file__).resolve().parents[2]
START_S = 30.0
STOP_S = 10.0


class RunningApp:
    """`python main.py` on a free port, between `__enter__` and `__exit__`."""

    def __init__(self, *flags: str) -> None:
        own = ("--host", "127.0.0.1", "--port", "0", "--log-level", "error")
        self._command = [sys.executable, str(ROOT / "main.py"), *flags, *own]

    def __enter__(self) -> Self:
        """Start the app and wait for its link. Raises MeasuringError."""
        self.started = time.monotonic()
        # In a session of its own, so that Ctrl-C reaches the benchmark only, which then stops the app.
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            if not (line := next_line(self._process, START_S)):
                raise MeasuringError("the app did not start; see its message above")
        except BaseException:
            self._stop()
            raise
        link = re.search(r"http://(\S+?)/", line)
        self.url = f"ws://{link[1]}/ws/ui" if link else ""  # a node without a server has no link
        self.pid = self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the app, the parent first."""
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children read end of file from its pipe, and stop
            self._process.wait(STOP_S)
        if self._process.stdout is not None:
            self._process.stdout.close()


def next_line(process: "subprocess.Popen[str]", timeout_s: float) -> str:
    """Return the next line of stdout; "" after `timeout_s` seconds or when the process ended.

    The process must print no further line before this one is read: `select` does not see what is buffered here.
    """
    if process.stdout is None or not select.select([process.stdout], [], [], timeout_s)[0]:
        return ""
    return process.stdout.readline()


def memory_mb(process: psutil.Process) -> float:
    """Return the proportional set size (PSS) in MB: each shared page is divided by the number of its processes."""
    return float(process.memory_full_info().pss) / 2**20
