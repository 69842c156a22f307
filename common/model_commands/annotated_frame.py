"""A frame with its detections drawn: its source, and the PNG file that is written."""

import colorsys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.errors import ResourceError, SourceError
from common.frames import Image
from common.messaging.messages import Detection
from common.model_zoo.resolve import sample_clip

MIN_WIDTH = 1280  # pixels of the drawing, so that the labels of small objects can be read
MAX_FILE_BYTES = 100_000_000
MAX_COPIES = 1000


def sample_frame() -> Image:
    """Return the first frame of the bundled clip. Raises SourceError."""
    capture = cv2.VideoCapture(str(sample_clip()))
    try:
        read, image = capture.read()
    finally:
        capture.release()
    if not read:
        raise SourceError(f"cannot read {sample_clip()}")
    return np.asarray(image, np.uint8)


def read_image(file: Path) -> Image:
    """Return the image in `file`. Raises SourceError."""
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise SourceError(f"{file} is larger than {MAX_FILE_BYTES // 1_000_000} MB")
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}") from error
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or more pixels than OpenCV allows
        image = None
    if image is None:
        raise SourceError(f"{file} is not an image that OpenCV can read")
    return np.asarray(image, np.uint8)


def annotated(image: Image, detections: Sequence[Detection]) -> Image:
    """Return a copy with the boxes and labels of `detections`, enlarged to MIN_WIDTH."""
    scale = max(1.0, MIN_WIDTH / image.shape[1])
    drawing = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    height, width = drawing.shape[:2]
    for each in reversed(detections):  # the best on top
        left, top, right, bottom = (round(side) for side in np.multiply(each.box, (width, height, width, height)))
        _draw(drawing, (left, top), (right, bottom), f"{each.label} {each.score:.2f}", _colour(each.label))
    return drawing


def save_new(image: Image, file: Path) -> Path:
    """Save `image` as PNG in `file`, or in the first of NAME-2.png, NAME-3.png … that does not exist.

    Returns the path. Raises ResourceError.
    """
    _, content = cv2.imencode(".png", image)
    for number in range(1, MAX_COPIES):
        path = file if number == 1 else file.with_stem(f"{file.stem}-{number}")
        try:
            with path.open("xb") as new:
                new.write(content.tobytes())
        except FileExistsError:
            continue
        except OSError as error:
            raise ResourceError(f"cannot write {path}: {error.strerror}") from error
        return path
    raise ResourceError(f"cannot write {file}: {MAX_COPIES} files of that name exist")


def _draw(
    image: Image, corner: tuple[int, int], opposite: tuple[int, int], text: str, colour: tuple[int, int, int]
) -> None:
    scale, thickness = image.shape[1] / 2400, max(1, round(image.shape[1] / 640))
    (width, height), baseline = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    cv2.rectangle(image, corner, opposite, colour, thickness)
    left = min(corner[0], image.shape[1] - width)
    bottom = max(corner[1], height + baseline)
    cv2.rectangle(image, (left, bottom - height - baseline), (left + width, bottom), colour, cv2.FILLED)
    cv2.putText(image, text, (left, bottom - baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)


def _colour(label: str) -> tuple[int, int, int]:
    """Return a light colour (BGR) that depends on the label only."""
    hue = sum(map(ord, label)) * 0.618034 % 1  # multiples of the golden ratio spread evenly
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.6, 1)
    return round(255 * blue), round(255 * green), round(255 * red)
