"""Progress of a transfer: one line that is rewritten on a terminal, a line every few seconds in a log."""

import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from common.pacing import Clock

BAR_WIDTH = 24
PERIOD_S = 0.1  # on a terminal
LINE_PERIOD_S = 5.0  # in a log


class TransferProgress:
    """Progress of one file. Ends the line on a terminal when it exits."""

    def __init__(self, total: int, out: TextIO = sys.stderr, clock: Clock = time.monotonic) -> None:
        """`total` is the size of the file in bytes."""
        self._total = total
        self._out = out
        self._clock = clock
        self._period_s = PERIOD_S if out.isatty() else LINE_PERIOD_S
        self._first: tuple[float, int] | None = None
        self._shown_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._out.isatty() and self._shown_at is not None:
            self._out.write("\n")

    def show(self, size: int) -> None:
        """Show that `size` bytes are complete. Calls within the period are ignored, except at the end."""
        now = self._clock()
        if self._first is None or size < self._first[1]:  # the transfer was restarted
            self._first = now, size
        if self._shown_at is None or now - self._shown_at >= self._period_s or size == self._total:
            self._shown_at = now
            line = self._line(size, now, *self._first)
            if self._out.isatty():
                # Carriage return and "erase in line" (ECMA-48, EL). These do not erase a line that has wrapped.
                line = f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}"
            else:
                line += "\n"
            self._out.write(line)
            self._out.flush()

    def _line(self, size: int, now: float, since: float, first_size: int) -> str:
        done = f"{bar(size / self._total)} {size * 100 // self._total} %, {megabytes(size)} of {megabytes(self._total)}"
        rate = (size - first_size) / (now - since) if now > since else 0  # bytes per second
        if not rate:
            return f"{done} MB"
        return f"{done} MB, {megabytes(rate)} MB/s, {clock_face((self._total - size) / rate)} left"


def bar(fraction: float) -> str:
    """Return a bar of BAR_WIDTH characters, `fraction` of it filled."""
    filled = int(BAR_WIDTH * fraction)
    return "█" * filled + "░" * (BAR_WIDTH - filled)


def megabytes(size: float) -> str:
    """Format bytes as megabytes (10⁶), without the unit."""
    return f"{size / 1e6:.1f}"


def clock_face(seconds: float) -> str:
    """Format seconds as minutes:seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
