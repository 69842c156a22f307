"""Log of inference times: a line a second on a terminal, and one a minute in a log that is kept."""

import logging
import sys
import time

from common.pacing import Clock
from common.telemetry.console_stream import is_terminal

logger = logging.getLogger(__name__)

TERMINAL_PERIOD_S, FILE_PERIOD_S = 1.0, 60.0
FIRST_S = 1.0


def log_period_s() -> float:
    """Return the time between two lines, which depends on whether standard error is a terminal."""
    return TERMINAL_PERIOD_S if is_terminal(sys.stderr) else FILE_PERIOD_S


class InferenceLog:
    """Collects inference times and logs their median and maximum, first after FIRST_S, then every `period_s`."""

    def __init__(self, period_s: float, clock: Clock = time.monotonic, *, label: str | None) -> None:
        """`label` is the name of the processor, None for the only one without a name."""
        self._prefix = f"{label}: " if label else ""
        self._period_s = period_s
        self._clock = clock
        self._times_ms: list[float] = []
        self._due_at = clock() + FIRST_S

    def add(self, inference_ms: float, processing_ms: float) -> None:
        """Add the times of one frame, and log those since the last line when the next is due.

        Code without a model has no inference time: its processing times are logged instead.
        """
        self._times_ms.append(inference_ms or processing_ms)
        now = self._clock()
        if now >= self._due_at:
            times = sorted(self._times_ms)
            median, slowest = times[len(times) // 2], times[-1]
            what = f"{self._prefix}{'inference' if inference_ms else 'processing'}"
            logger.info("%s %5.1f ms median, %5.1f max of %d", what, median, slowest, len(times))
            self._times_ms.clear()
            self._due_at = now + self._period_s
