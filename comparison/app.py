"""The app as a user starts it, in a process of its own, with what it costs."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent
STOP_S = 10.0


class RunningApp:
    """`python main.py` on a free port, from `__enter__` to `__exit__`."""

    def __init__(self, *flags: str) -> None:
        self._command = [sys.executable, "main.py", "--port", "0", "--log-level", "warning", *flags]

    def __enter__(self) -> Self:
        self.started = time.monotonic()
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        link = re.search(r"http://(\S+?)/", self._process.stdout.readline())
        if link is None:
            raise RuntimeError("the app did not start")
        self.url = f"ws://{link[1]}/ws/ui"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STOP_S)

    def cpu_s(self) -> float:
        """CPU time, in seconds, that all its processes have used up to now."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def memory_mb(self) -> float:
        """Memory of all its processes, shared pages counted once."""
        return sum(process.memory_full_info().pss for process in self._tree()) / 2**20

    def _tree(self) -> list[psutil.Process]:
        main = psutil.Process(self._process.pid)
        return [main, *main.children(recursive=True)]
