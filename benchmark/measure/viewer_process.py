"""Controls the process of many viewers."""

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psutil

from benchmark.errors import MeasuringError
from benchmark.measure.app import ROOT, next_line
from benchmark.measure.viewer import TIMEOUT_S
from benchmark.results import ViewerResult


class ViewerProcess:
    """`benchmark.measure.many_viewers` in a process, between `__enter__` and `__exit__`."""

    def __init__(
        self, urls: Sequence[str], *, reading: int, stalled: int = 0, warm_up_s: float, seconds: float
    ) -> None:
        words = (reading, stalled, warm_up_s, seconds, *urls)
        self._command = [sys.executable, "-m", "benchmark.measure.many_viewers", *map(str, words)]
        self._warm_up_s, self._seconds = warm_up_s, seconds

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.process = psutil.Process(self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def wait_until_warm(self) -> None:
        """Wait until all viewers have warmed up. Raises MeasuringError."""
        self._next_line(self._warm_up_s + 3 * TIMEOUT_S)

    def results(self) -> tuple[ViewerResult, ...]:
        """Wait for the figures of the reading viewers. Raises MeasuringError."""
        figures = json.loads(self._next_line(self._seconds + 2 * TIMEOUT_S))
        return tuple(
            ViewerResult(ui_fps=fps, interval_p99_ms=interval, frame_age_p99_ms=age, results_per_s=results)
            for fps, interval, age, results in figures
        )

    def _next_line(self, timeout_s: float) -> str:
        line = next_line(self._process, timeout_s)
        if not line:
            raise MeasuringError("the process of the viewers ended early; see its message above")
        return line
