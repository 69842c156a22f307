"""Progress of a benchmark and the estimated time left: a bar on a terminal, otherwise one line for each run."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from common.model_zoo.progress import bar, clock_face
from common.pacing import Clock

Run = TypeVar("Run")


class Progress:
    """Reports the progress of `total` runs of about equal duration."""

    def __init__(self, total: int, out: TextIO = sys.stderr, clock: Clock = time.monotonic) -> None:
        self._total = total
        self._out = out
        self._clock = clock
        self._started = clock()

    def track(self, runs: Iterable[tuple[Run, str]]) -> Iterator[Run]:
        """Yield the run of each (run, name), after showing the name and the progress."""
        for done, (run, name) in enumerate(runs):
            self._show(done, name)
            yield run
        if self._out.isatty():
            self._out.write("\r\033[K")

    def _show(self, done: int, name: str) -> None:
        left = clock_face((self._clock() - self._started) / done * (self._total - done)) if done else "-:--"
        if self._out.isatty():
            line = f"{bar(done / self._total)} {done}/{self._total}, {left} left: {name}"
            self._out.write(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}")
        else:
            self._out.write(f"{done + 1}/{self._total}, {left} left: {name}\n")
        self._out.flush()
