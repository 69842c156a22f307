"""A scene that the small models detect: a red and a blue rectangle on a dark frame."""

from collections.abc import Sequence

import numpy as np

from common.detection.detector import Detector
from common.frames import Image
from tests.support.onnx_models import BLUE_SCORE, RED_SCORE

RED_BOX, BLUE_BOX = (0.1, 0.25, 0.35, 0.5), (0.6, 0.5, 0.9, 0.75)
COLOURS = (("red", RED_BOX, (0, 0, 255)), ("blue", BLUE_BOX, (255, 0, 0)))


def scene(height: int, width: int) -> tuple[Image, list[tuple[float, float, float, float]]]:
    """The frame (BGR), and where the red and the blue rectangle are, as fractions, to the whole pixel."""
    image = np.full((height, width, 3), 20, np.uint8)
    boxes = []
    for _, box, colour in COLOURS:
        x1, x2 = (round(fraction * width) for fraction in box[::2])
        y1, y2 = (round(fraction * height) for fraction in box[1::2])
        image[y1:y2, x1:x2] = colour
        boxes.append((x1 / width, y1 / height, x2 / width, y2 / height))
    return image, boxes


def assert_finds_the_scene(
    detector: Detector,
    height: int,
    width: int,
    canvas: tuple[int, int] = (320, 320),
    labels: Sequence[str] = ("red", "blue"),
) -> None:
    """Both rectangles are found, with their labels and scores, and boxes to a pixel and a half of the canvas."""
    image, boxes = scene(height, width)
    found = detector.detect(image, 0.3).detections
    assert [detection.label for detection in found] == list(labels)
    np.testing.assert_allclose([detection.score for detection in found], [RED_SCORE, BLUE_SCORE], rtol=1e-3)
    # The frame is seen through the canvas: an edge is known to a pixel or so of it, or of the frame where that is less.
    scale = min(canvas[0] / height, canvas[1] / width)
    pixel = 1.5 / np.array((width, height, width, height)) / min(scale, 1)
    for detection, box in zip(found, boxes, strict=True):
        assert (np.abs(np.subtract(detection.box, box)) <= pixel).all(), detection
