"""Keeping a rate: absolute schedules, on which lateness never adds up and nothing is made up in a burst; and limits."""

import time
from collections.abc import Callable

Clock = Callable[[], float]

# The share of a picked frame's lateness by which the schedule moves: enough for a clock that drifts by 1 in 10,000,
# and so little that 29 of 30 frames stay 29.
FOLLOWED = 0.01


class Ticker:
    """Ticks at `fps` from the moment it is made: tick n falls at start + n / fps.

    Sleeping 1 / fps *after* the work runs at 24.7 instead of 30 FPS: the work's own time is added to every period.
    Waiting until the next tick of an absolute schedule does not. Late by more than a period: skip those ticks.
    """

    def __init__(self, fps: float, clock: Clock = time.monotonic) -> None:
        self._period_s = 1 / fps
        self._clock = clock
        self._start = clock()
        self._tick = 0

    def delay_s(self) -> float:
        """Seconds to wait until the next tick (0 when it is due now). Each call moves on by one tick."""
        elapsed_s = self._clock() - self._start
        self._tick = max(self._tick + 1, int(elapsed_s / self._period_s))
        return max(0.0, self._tick * self._period_s - elapsed_s)


class Decimator:
    """Picks `fps` of the frames that come by at a higher rate: those nearest to its own schedule.

    `tolerance_s` is half the period in which frames come: a frame that is this much early is nearer to its
    due time than the next one would be. So 15 of 30 is every second frame in spite of jitter, and 10 of 25 is
    exactly ten a second, at distances of 80 and 120 ms. The schedule follows the frames it picks, a little each
    time: no camera's clock is quite ours, and within an hour they would have drifted half a period apart.
    """

    def __init__(self, fps: float, tolerance_s: float, clock: Clock = time.monotonic) -> None:
        self._period_s = 1 / fps
        self._tolerance_s = tolerance_s
        self._clock = clock
        self._next: float | None = None

    def due(self) -> bool:
        """Whether the frame that came just now is one to pass on."""
        now = self._clock()
        if self._next is None:
            # The schedule begins with the first frame. One that began before it could fall half-way between two
            # frames, where any jitter decides anew which of them is the nearer: 100, then 33 ms instead of 67 and 67.
            self._next = now
        late_s = now - self._next
        if late_s < -self._tolerance_s:
            return False
        if late_s <= self._tolerance_s:
            self._next += FOLLOWED * late_s
        missed = max(0, int((now - self._next) / self._period_s))
        self._next += (1 + missed) * self._period_s
        return True


class Throttle:
    """Lets pass once in `period_s` seconds at most, the first time at once."""

    def __init__(self, period_s: float, clock: Clock = time.monotonic) -> None:
        self._period_s = period_s
        self._clock = clock
        self._next = clock()

    def due(self) -> bool:
        """Whether this one may pass."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._period_s
        return True
