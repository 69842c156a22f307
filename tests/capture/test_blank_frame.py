"""When a frame counts as blank; time is simulated."""

import numpy as np
import pytest

from common.capture.blank_frame import BLANK_AFTER_S, BlankFrameDetector
from common.frames import Image
from tests.support.clock import Clock

RANDOM = np.random.default_rng(0)
SHAPE = (360, 640, 3)


def noisy(image: Image) -> Image:
    """Add the noise of a sensor."""
    return np.clip(image + RANDOM.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def street_at_night() -> Image:
    """Return black with a few lamps."""
    image = np.full(SHAPE, 8, np.uint8)
    for x in range(80, 640, 160):
        image[100:116, x : x + 16] = 240
    return noisy(image)


def changes(images: list[Image], clock: Clock) -> list[tuple[float, bool]]:
    """Return when, in seconds, `is_blank` changed and its new value, at 30 frames a second."""
    blank, begin, changed = BlankFrameDetector(clock), clock.now, []
    for image in images:
        if blank.is_due() and blank.changed(image):
            changed.append((clock.now - begin, blank.is_blank))
        clock.now += 1 / 30
    return changed


@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (255, 0, 0)])
def test_one_colour_is_blank_after_a_while(colour: tuple[int, int, int]) -> None:
    image = noisy(np.full(SHAPE, colour, np.uint8))
    seconds = int(BLANK_AFTER_S) + 5
    ((at_s, is_blank),) = changes([image] * 30 * seconds, Clock())
    assert is_blank
    assert at_s == pytest.approx(BLANK_AFTER_S, abs=1)


def test_a_street_at_night_is_not_blank() -> None:
    assert changes([street_at_night()] * 30 * 20, Clock()) == []


def test_short_black_is_not_blank_and_content_ends_a_blank() -> None:
    black, street = np.zeros(SHAPE, np.uint8), street_at_night()
    flicker = [black] * 30 * 8 + [street] * 30
    assert changes(flicker * 4, Clock()) == []
    states = [is_blank for _, is_blank in changes([black] * 30 * 15 + [street] * 60, Clock())]
    assert states == [True, False]
