"""Age of a frame by the wall clock, unless that clock was set since the frame was captured."""

import time

from common.pacing import Clock

LONGEST_S = 3600.0  # a greater age means that the clocks of two machines differ
STEP_S = 0.1  # a larger change of the difference between the clocks is a step of the wall clock


class FrameAge:
    """Computes ages from `captured_at`, which is wall clock time so that viewers and other machines can use it.

    A step of the wall clock (it was set, or the machine was suspended) shows as a change of its difference to the
    monotonic clock. Frames captured before the step have no valid age.
    """

    def __init__(self, wall_clock: Clock = time.time, clock: Clock = time.monotonic) -> None:
        self._wall_clock = wall_clock
        self._clock = clock
        self._difference_s = wall_clock() - clock()
        self._valid_from = 0.0

    def age_ms(self, captured_at: float) -> float | None:
        """Return the age in ms of a frame captured at `captured_at` (Unix time), or None if it is unknown."""
        now = self._wall_clock()
        difference_s = now - self._clock()
        if abs(difference_s - self._difference_s) > STEP_S:
            self._valid_from = now
        self._difference_s = difference_s
        is_valid = max(self._valid_from, now - LONGEST_S) <= captured_at <= now
        return 1000 * (now - captured_at) if is_valid else None
