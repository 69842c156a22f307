"""A picture that shows nothing: with a covered lens or a dead sensor all else of a camera looks well."""

import time

from common.frames import Image
from common.pacing import Clock, Throttle

BLANK_AFTER_S = 10.0
LOOK_EVERY_S = 0.5
STEP = 8  # one pixel in 64 is looked at
FLAT = 3.0  # of 255, standard deviation: noise and compression leave less on one colour, a street at night more


class BlankPicture:
    """Looks at frames now and then, and knows whether they have been of one colour for BLANK_AFTER_S."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.is_blank = False
        self._clock = clock
        self._looks = Throttle(LOOK_EVERY_S, clock)
        self._seen_at = clock()  # when something was seen last

    def turned(self, image: Image) -> bool:
        """Whether `is_blank` is another since this BGR frame."""
        if not self._looks.due():
            return False
        now = self._clock()
        if image[::STEP, ::STEP].std(axis=(0, 1)).max() > FLAT:
            self._seen_at = now
        before, self.is_blank = self.is_blank, now - self._seen_at >= BLANK_AFTER_S
        return self.is_blank != before
