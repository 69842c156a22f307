"""Conversion of grabbed frames to BGR, straight into the memory of their camera."""

from common.capture.opencv_capture import Capture, retrieve_image
from common.frames import Image
from common.interfaces import FrameMemory


class FrameConverter:
    """Converts the frames of one source."""

    def __init__(self, memory: FrameMemory | None = None) -> None:
        """Without `memory`, and until the size of the frames is known, each frame is a new array."""
        self._memory = memory
        self._shape: tuple[int, ...] | None = None

    def convert(self, capture: Capture) -> Image | None:
        """Return the grabbed frame as a read-only BGR array, or None if it cannot be converted."""
        into = self._memory.allocate(self._shape) if self._memory and self._shape else None
        image = retrieve_image(capture, into)
        if image is not None:
            self._shape = image.shape
        return image
