"""A frame: one picture of the video, and when it was taken."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

MAX_FRAME_BYTES = 7680 * 4320 * 3  # 8K in colour

Image: TypeAlias = npt.NDArray[np.uint8]
"""Pixels as OpenCV keeps them: height × width × 3, uint8, blue first."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured picture. `captured_at` is Unix time in seconds, taken when it was read."""

    camera: str
    frame_id: int
    captured_at: float
    image: Image
