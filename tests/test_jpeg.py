"""JPEGs: their quality, and their width."""

import numpy as np
import pytest

from common.jpeg import encode_jpeg, shrink


def test_quality_makes_the_jpeg_larger() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    assert len(encode_jpeg(noise, 20)) < len(encode_jpeg(noise, 90))


@pytest.mark.parametrize(
    ("size", "width", "result"),
    [
        ((2160, 3840), 1280, (720, 1280)),
        ((1080, 1920), 1280, (720, 1280)),
        ((720, 1280), 1280, (720, 1280)),
        ((360, 640), 1280, (360, 640)),
        ((2160, 3840), 0, (2160, 3840)),
        ((3, 4000), 1280, (1, 1280)),
        ((500, 333), 111, (167, 111)),
    ],
)
def test_frames_are_shrunk_to_the_width_with_their_aspect_ratio(
    size: tuple[int, int], width: int, result: tuple[int, int]
) -> None:
    image = np.zeros((*size, 3), np.uint8)
    shrunk = shrink(image, width)
    assert shrunk.shape == (*result, 3)
    assert (shrunk is image) == (size == result)


def test_shrinking_averages_fine_structures() -> None:
    stripes = np.zeros((400, 4000, 3), np.uint8)
    stripes[:, ::2] = 255
    assert abs(shrink(stripes, 1000).astype(int) - 128).max() <= 1
