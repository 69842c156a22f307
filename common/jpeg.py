"""Encode, decode and shrink images as JPEG."""

from typing import cast

import cv2
import numpy as np

from common.errors import FrameTooLargeError, MessageError
from common.frames import MAX_FRAME_BYTES, Image


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Encode a BGR image as JPEG of `quality` 1 to 100.

    Raises FrameTooLargeError for a side above 65,500 pixels, the limit of libjpeg (JPEG_MAX_DIMENSION).
    """
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        height, width = image.shape[:2]
        raise FrameTooLargeError(f"{width}×{height} pixels do not fit a JPEG")
    return jpeg.tobytes()


def shrink(image: Image, width: int) -> Image:
    """Return `image` at most `width` pixels wide, with its aspect ratio; 0 for no limit.

    It is halved by area as often as possible, then resized linearly. From 4K to 1280 that took 3 ms, where area alone
    took 8 ms; linear alone took 2 ms, but it skips pixels, so that fine structures flicker.
    """
    if not 0 < width < image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
        half = image.shape[1] // 2, image.shape[0] // 2
        image = cast(Image, cv2.resize(image, half, interpolation=cv2.INTER_AREA))
    return cast(Image, cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR))


def decode_jpeg(jpeg: bytes) -> Image:
    """Decode a JPEG to a BGR image, or a grey one to two dimensions.

    Raises MessageError for what is not a JPEG, and before it is decoded for one of more than MAX_FRAME_BYTES.
    """
    height, width, channels = _shape(jpeg)
    if height * width * channels > MAX_FRAME_BYTES:
        raise MessageError(f"a JPEG of {width}×{height} pixels")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise MessageError("a JPEG that cannot be decoded")
    return cast(Image, image)


def _shape(jpeg: bytes) -> tuple[int, int, int]:
    """Return height, width and channels from the frame header, SOF0 to SOF2 (ITU-T T.81, B.2.2)."""
    position = 2  # after SOI
    while (segment := jpeg[position : position + 10]) and len(segment) == 10 and segment[0] == 0xFF:
        if segment[1] in (0xC0, 0xC1, 0xC2):
            return int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[7:9], "big"), segment[9]
        position += 2 + int.from_bytes(segment[2:4], "big")
    raise MessageError("a JPEG without a frame header")
