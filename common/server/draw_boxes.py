"""Draw the boxes of detections into a JPEG, in the colours that the page gives to processors."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from common.frames import Image
from common.jpeg import encode_jpeg
from common.messaging.messages import Detection, Detections

# Blue, green, red. Okabe and Ito, "Color Universal Design" (2008), as in static/viewer/layer_styles.js.
COLOURS = ((233, 180, 86), (0, 159, 230), (167, 121, 204), (115, 158, 0), (66, 228, 240), (0, 94, 213),
           (255, 255, 255), (178, 114, 0))  # fmt: skip
DARK, WHITE = (18, 16, 12), (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX
QUALITY = 80


def draw_boxes(jpeg: bytes, found: Sequence[Detections], order: Mapping[str, int]) -> bytes:
    """Return `jpeg` with boxes, labels and scores; unchanged if it cannot be decoded.

    `order` is the number of each processor, which determines its colour.
    """
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        return jpeg
    image: Image = np.asarray(decoded, np.uint8)
    for message in found:
        colour = COLOURS[order.get(message.processor, 0) % len(COLOURS)]
        for each in reversed(message.detections):  # the best on top
            _draw(image, each, colour)
    return encode_jpeg(image, QUALITY)


def _draw(image: Image, found: Detection, colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    left, top, right, bottom = (round(side) for side in np.multiply(found.box, (width, height, width, height)))
    thickness = max(2, round(width / 400))
    cv2.rectangle(image, (left, top), (right, bottom), DARK, thickness + 2)
    cv2.rectangle(image, (left, top), (right, bottom), colour, thickness)
    # The fonts of OpenCV contain ASCII characters only.
    text = f"{found.label.encode('ascii', 'replace').decode()} {found.score:.2f}"
    scale = max(0.35, width / 2000)
    (text_width, text_height), baseline = cv2.getTextSize(text, FONT, scale, 1)
    x = max(0, min(left, width - text_width - 4))
    y = top if top >= text_height + baseline + 2 else min(height, top + text_height + baseline + 2)
    cv2.rectangle(image, (x, y - text_height - baseline - 2), (x + text_width + 4, y), DARK, cv2.FILLED)
    cv2.putText(image, text, (x + 2, y - baseline), FONT, scale, WHITE, 1, cv2.LINE_AA)
