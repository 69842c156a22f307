"""Frames: an image, its camera, and the time at which it was captured."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

MAX_FRAME_BYTES = 7680 * 4320 * 3  # 8K, 3 bytes per pixel

Image: TypeAlias = npt.NDArray[np.uint8]
"""Pixels as OpenCV stores them: height × width × 3, uint8, BGR."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame. `captured_at` is Unix time in seconds, taken when the frame was received."""

    camera: str
    frame_id: int
    captured_at: float
    image: Image
