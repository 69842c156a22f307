"""How far a benchmark is and how long it will take: a bar on a terminal, else a line for each run."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from common.model_zoo.progress import bar, clock_face
from common.pacing import Clock

T = TypeVar("T")


class Progress:
    """Follows runs that all take about as long as each other."""

    def __init__(self, total: int, out: TextIO = sys.stderr, clock: Clock = time.monotonic) -> None:
        self._total = total
        self._out = out
        self._clock = clock
        self._started = clock()

    def follow(self, runs: Iterable[tuple[T, str]]) -> Iterator[T]:
        """Each run in turn; its name is shown while it is under way."""
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
