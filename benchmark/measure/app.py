"""The app as a user starts it, in a process of its own."""

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
    """`python main.py` on a free port, from `__enter__` to `__exit__`."""

    def __init__(self, *flags: str) -> None:
        own = ("--host", "127.0.0.1", "--port", "0", "--log-level", "error")
        self._command = [sys.executable, str(ROOT / "main.py"), *flags, *own]

    def __enter__(self) -> Self:
        """Raises MeasuringError."""
        self.started = time.monotonic()
        # In a session of its own: a Ctrl-C is for the measuring, which then ends the app.
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            link = re.search(r"http://(\S+?)/", next_line(self._process, START_S))
            if link is None:
                raise MeasuringError("the app did not start; see its message above")
        except BaseException:
            self._end()
            raise
        self.url = f"ws://{link[1]}/ws/ui"
        self.pid = self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def processes(self) -> list[psutil.Process]:
        """All its processes, the parent first."""
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children see the end of its pipe, and end too
            self._process.wait(STOP_S)
        if self._process.stdout is not None:
            self._process.stdout.close()


def next_line(process: "subprocess.Popen[str]", timeout_s: float) -> str:
    """What `process` prints next, "" when it ended or printed nothing for so long. Only for a line at a time."""
    if process.stdout is None or not select.select([process.stdout], [], [], timeout_s)[0]:
        return ""
    return process.stdout.readline()


def memory_mb(process: psutil.Process) -> float:
    """Proportional set size: memory that several processes share counts a part for each."""
    return float(process.memory_full_info().pss) / 2**20
