"""Detection of blank frames: with a covered lens or a dead sensor a camera still sends frames, of one colour."""

import time

from common.frames import Image
from common.pacing import Clock, Throttle

BLANK_AFTER_S = 10.0
CHECK_EVERY_S = 0.5
STEP = 8  # in x and y: one pixel in 64 is checked
FLAT = 3.0  # of 255, standard deviation: noise and compression of one colour stay below, a street at night above


class BlankFrameDetector:
    """Checks whether the frames of a camera have been of one colour for BLANK_AFTER_S."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.is_blank = False
        self._clock = clock
        self._checks = Throttle(CHECK_EVERY_S, clock)
        self._content_at = clock()

    def is_due(self) -> bool:
        """Return whether to check this frame: one every CHECK_EVERY_S."""
        return self._checks.due()

    def changed(self, image: Image) -> bool:
        """Check a BGR frame, and return whether `is_blank` changed."""
        now = self._clock()
        if image[::STEP, ::STEP].std(axis=(0, 1)).max() > FLAT:
            self._content_at = now
        before, self.is_blank = self.is_blank, now - self._content_at >= BLANK_AFTER_S
        return self.is_blank != before
