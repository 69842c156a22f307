"""Memory for the frames of one camera: a new array for each; it is encoded once for all queues."""

import threading
from typing import Any

import numpy as np

from common.frames import Frame, Image
from common.jpeg import encode_jpeg, shrink
from common.messaging.messages import FrameHeader, pack_frame


class JpegFrames:
    """Keeps the message of the newest frame: a JPEG of `quality` 1 to 100, at most `width` pixels wide (0: any)."""

    def __init__(self, queues: int = 1, quality: int = 90, width: int = 0) -> None:
        """The number of queues makes no difference."""
        self._quality, self._width = quality, width
        self._lock = threading.Lock()
        self._encoded: tuple[Frame | None, bytes] = None, b""

    def __reduce__(self) -> tuple[Any, ...]:
        return JpegFrames, (0, self._quality, self._width)

    def allocate(self, shape: tuple[int, ...]) -> Image:
        """Return an array for the pixels of the next frame."""
        return np.empty(shape, np.uint8)

    def message(self, frame: Frame) -> bytes:
        """Return the message for a frame; the queues of a camera call this from different threads.

        Raises FrameTooLargeError.
        """
        with self._lock:
            if self._encoded[0] is not frame:
                image = np.ascontiguousarray(shrink(frame.image, self._width))
                height, width = image.shape[:2]
                header = FrameHeader(
                    camera=frame.camera,
                    frame_id=frame.frame_id,
                    captured_at=frame.captured_at,
                    width=width,
                    height=height,
                )
                self._encoded = frame, pack_frame(header, encode_jpeg(image, self._quality))
            return self._encoded[1]
