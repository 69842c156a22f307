"""Rates: a ticker on an absolute schedule, the selection of frames for a lower rate, and a throttle."""

import time
from collections.abc import Callable

Clock = Callable[[], float]

# Share of a selected frame's lateness by which the schedule of a Decimator moves: enough for a clock that drifts by
# 1 in 10,000, and so little that 29 of 30 frames stay 29.
FOLLOWED = 0.01


class Ticker:
    """Ticks at `fps` from its creation on: tick n is at start + n / fps.

    Sleeping 1 / fps *after* the work runs at 24.7 instead of 30 FPS: the duration of the work is added to every period.
    Waiting for the next tick of an absolute schedule keeps the rate. Ticks that were missed are skipped.
    """

    def __init__(self, fps: float, clock: Clock = time.monotonic) -> None:
        self._period_s = 1 / fps
        self._clock = clock
        self._start = clock()
        self._tick = 0

    def delay_s(self) -> float:
        """Return the seconds to wait for the next tick, 0 if it is due. Each call moves on by at least one tick."""
        elapsed_s = self._clock() - self._start
        self._tick = max(self._tick + 1, int(elapsed_s / self._period_s))
        return max(0.0, self._tick * self._period_s - elapsed_s)


class Decimator:
    """Selects `fps` of the frames that arrive at a higher rate: those nearest to its own schedule.

    `tolerance_s` is half the period at which frames arrive: a frame that is early by less than this is nearer to its
    due time than the next one will be. So 15 of 30 is every second frame in spite of jitter, and 10 of 25 is exactly
    ten a second, at distances of 80 and 120 ms. The schedule follows the selected frames by a small share of their
    lateness, since the clock of a camera drifts against that of this machine by half a period an hour.
    """

    def __init__(self, fps: float, tolerance_s: float) -> None:
        self._period_s = 1 / fps
        self._tolerance_s = tolerance_s
        self._next: float | None = None

    def due(self, now_s: float) -> bool:
        """Return whether to select the frame that arrived at `now_s`, in seconds of a monotonic clock."""
        if self._next is None:
            # The schedule starts at the first frame. One that started earlier could be half-way between two frames,
            # where jitter decides which of them is nearer: intervals of 100 and 33 ms instead of 67 and 67.
            self._next = now_s
        late_s = now_s - self._next
        if late_s < -self._tolerance_s:
            return False
        if late_s <= self._tolerance_s:
            self._next += FOLLOWED * late_s
        missed = max(0, int((now_s - self._next) / self._period_s))
        self._next += (1 + missed) * self._period_s
        return True


class Throttle:
    """Permits one event in `period_s` seconds at most; the first one at once."""

    def __init__(self, period_s: float, clock: Clock = time.monotonic) -> None:
        self._period_s = period_s
        self._clock = clock
        self._next = clock()

    def due(self) -> bool:
        """Return whether an event is permitted now, and start a new period if it is."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._period_s
        return True
