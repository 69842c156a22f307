"""Memory for the frames of one camera: a new array for each, since its queues hold references."""

import numpy as np

from common.frames import Image


class FrameMemory:
    """Has no limit and no state."""

    def __init__(self, queues: int = 1) -> None:
        """The number of queues makes no difference."""

    def allocate(self, shape: tuple[int, ...]) -> Image:
        """Return an array for the pixels of a frame."""
        return np.empty(shape, np.uint8)
