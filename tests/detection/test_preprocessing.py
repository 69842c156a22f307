"""From a frame to a model's input: placement, colour order, normalisation, element type, and the way back for boxes."""

from collections.abc import Iterator

import numpy as np
import pytest

from common.detection.preprocessing.antialias import AntialiasedResize
from common.detection.preprocessing.canvas import Canvas
from common.detection.preprocessing.options import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NO_MEAN,
    UNSCALED,
    Channels,
    Fit,
    Preprocessing,
)
from common.detection.preprocessing.placement import Placement
from common.frames import Image

FRAMES = [(432, 768), (768, 432), (416, 416), (1080, 1920), (333, 517), (3, 5), (1, 1), (1, 4000), (4000, 1)]
LETTERBOXES = (Fit.LETTERBOX, Fit.CORNER)
YOLOX = Preprocessing(Fit.CORNER, Channels.BGR, NO_MEAN, UNSCALED)


@pytest.mark.parametrize(
    ("frame", "fit", "left_top_rows_columns"),
    [
        ((432, 768), Fit.LETTERBOX, (0, 91, 234, 416)),
        ((432, 768), Fit.CORNER, (0, 0, 234, 416)),
        ((432, 768), Fit.STRETCH, (0, 0, 416, 416)),
        ((768, 432), Fit.LETTERBOX, (91, 0, 416, 234)),
        ((416, 416), Fit.LETTERBOX, (0, 0, 416, 416)),
        ((389, 517), Fit.LETTERBOX, (0, 51, 313, 416)),
        ((389, 517), Fit.CORNER, (0, 0, 313, 416)),
        ((391, 517), Fit.LETTERBOX, (0, 50, 315, 416)),  # 314.6 pixels high, which one fit rounds and the other cuts
        ((391, 517), Fit.CORNER, (0, 0, 314, 416)),
        ((2, 4), Fit.LETTERBOX, (0, 104, 208, 416)),
        ((1, 4000), Fit.LETTERBOX, (0, 207, 1, 416)),
    ],
)
def test_a_frame_is_placed_on_the_canvas(
    frame: tuple[int, int], fit: Fit, left_top_rows_columns: tuple[int, int, int, int]
) -> None:
    place = Placement.fit(frame, (416, 416), fit)
    assert (place.left, place.top, place.rows, place.columns) == left_top_rows_columns


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("canvas", [(416, 416), (64, 96), (640, 352)])
@pytest.mark.parametrize("fit", LETTERBOXES)
def test_a_letterbox_is_inside_its_canvas_and_touches_two_of_its_edges(
    frame: tuple[int, int], canvas: tuple[int, int], fit: Fit
) -> None:
    place = Placement.fit(frame, canvas, fit)
    assert place.left >= 0
    assert place.top >= 0
    assert place.left + place.columns <= canvas[1]
    assert place.top + place.rows <= canvas[0]
    assert place.columns == canvas[1] or place.rows == canvas[0]


def test_to_fractions_maps_the_place_of_the_frame_to_all_of_it_and_clips_the_rest() -> None:
    place = Placement.fit((432, 768), (416, 416), Fit.LETTERBOX)
    boxes = np.array([[0, 91, 416, 325], [104, 208, 208, 325], [-50, 0, 500, 208]], np.float32)
    expected: list[list[float]] = [[0, 0, 1, 1], [0.25, 0.5, 0.5, 1], [0, 0, 1, 0.5]]
    np.testing.assert_allclose(place.to_fractions(boxes), expected, atol=1e-6)


def test_to_fractions_divides_by_the_scale_where_the_frame_is_in_the_corner() -> None:
    place = Placement.fit((391, 517), (416, 416), Fit.CORNER)
    scale = 416 / 517
    bottom = np.array([[0, 300 * scale, 1, 391 * scale]], np.float32)
    np.testing.assert_allclose(place.to_fractions(bottom)[0, [1, 3]], [300 / 391, 1], atol=1e-6)


def test_fractions_of_the_canvas_become_pixels() -> None:
    place = Placement.fit((432, 768), (192, 320), Fit.STRETCH)
    np.testing.assert_allclose(place.to_pixels(np.array([[0.5, 0.5, 1, 1]], np.float32)), [[160, 96, 320, 192]])


def test_rgb_from_0_to_1_is_written_in_the_middle_of_the_padding() -> None:
    canvas = Canvas((416, 416), np.float32, Preprocessing(padding=128))
    canvas.place(flat(432, 768, blue=0, green=51, red=255))
    pixels = canvas.pixels
    np.testing.assert_allclose(pixels[:, 91 : 91 + 234], np.broadcast_to(planes(1, 0.2, 0), (3, 234, 416)), atol=1e-6)
    np.testing.assert_allclose(pixels[:, :91], 128 / 255, atol=1e-6)
    np.testing.assert_allclose(pixels[:, 91 + 234 :], 128 / 255, atol=1e-6)
    assert pixels.dtype == np.float32


def test_bgr_from_0_to_255_is_written_at_the_top_left() -> None:
    canvas = Canvas((416, 416), np.float32, YOLOX)
    canvas.place(flat(432, 768, blue=1, green=51, red=255))
    np.testing.assert_array_equal(canvas.pixels[:, :234], np.broadcast_to(planes(1, 51, 255), (3, 234, 416)))
    np.testing.assert_array_equal(canvas.pixels[:, 234:], 114)


def test_levels_are_normalised_in_the_order_of_the_channels() -> None:
    canvas = Canvas((32, 32), np.float32, Preprocessing(Fit.STRETCH, mean=IMAGENET_MEAN, std=IMAGENET_STD))
    canvas.place(flat(90, 160, blue=0, green=51, red=255))
    expected = ((1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225)
    np.testing.assert_allclose(canvas.pixels, np.broadcast_to(planes(*expected), (3, 32, 32)), rtol=1e-5)


def test_an_input_of_16_bits_gets_floats_of_16_bits() -> None:
    half, full = (Canvas((64, 64), dtype, Preprocessing()) for dtype in (np.float16, np.float32))
    for canvas in (half, full):
        canvas.place(noise(48, 80))
    assert half.pixels.dtype == np.float16
    np.testing.assert_array_equal(half.pixels, full.pixels.astype(np.float16))


def test_an_input_of_bytes_gets_levels() -> None:
    canvas = Canvas((64, 64), np.uint8, Preprocessing(Fit.STRETCH))
    image = noise(64, 64)
    canvas.place(image)
    np.testing.assert_array_equal(canvas.pixels, image[:, :, ::-1].transpose(2, 0, 1))


@pytest.mark.parametrize("preprocessing", [Preprocessing(), YOLOX, Preprocessing(Fit.STRETCH, antialias=True)])
def test_nothing_remains_of_a_frame_of_another_size(preprocessing: Preprocessing) -> None:
    used, fresh = (Canvas((416, 416), np.float32, preprocessing) for _ in range(2))
    used.place(flat(768, 432, red=255))
    for canvas in (used, fresh):
        canvas.place(noise(300, 400))
    np.testing.assert_array_equal(used.pixels, fresh.pixels)


def test_the_buffer_is_reused() -> None:
    canvas = Canvas((416, 416), np.float32, YOLOX)
    address = canvas.pixels.ctypes.data
    canvas.place(flat(432, 768))
    canvas.place(flat(432, 768, red=255))
    assert canvas.pixels.ctypes.data == address
    assert canvas.pixels[2, 0, 0] == 255


@pytest.mark.parametrize("frame", [(333, 517), (1080, 1920), (64, 700), (700, 64), (320, 320)])
@pytest.mark.parametrize("size", [(320, 320), (128, 96)])
def test_antialiasing_is_a_mean_below_a_triangle_as_wide_as_the_scale(
    frame: tuple[int, int], size: tuple[int, int]
) -> None:
    image = noise(*frame)
    resized = AntialiasedResize(frame, *size)(image)
    expected = image.astype(np.float64)
    for axis, new_size in ((1, size[1]), (0, size[0])):
        weights = np.array(list(triangles(expected.shape[axis], new_size)))
        expected = np.moveaxis(np.tensordot(weights, expected, (1, axis)), 0, axis).round()
    assert resized.shape == (*size, 3)
    difference = np.abs(resized - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.05  # a half may be rounded either way


def triangles(size: int, new_size: int) -> Iterator[np.ndarray]:
    """The weight of each of `size` pixels for each new one."""
    scale = size / new_size
    for index in range(new_size):
        distances = np.abs(np.arange(size) + 0.5 - (index + 0.5) * scale)
        weights = np.maximum(1 - distances / max(scale, 1), 0)
        yield weights / weights.sum()


def flat(height: int, width: int, *, blue: int = 0, green: int = 0, red: int = 0) -> Image:
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (blue, green, red)
    return image


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def planes(*levels: float) -> np.ndarray:
    return np.array(levels).reshape(3, 1, 1)
