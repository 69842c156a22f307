"""Boxes: arrays of n × 4 (x1, y1, x2, y2)."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.integer]
Mask: TypeAlias = npt.NDArray[np.bool_]


def with_area(boxes: Floats) -> Mask:
    """Which boxes (n × 4: x1, y1, x2, y2) have an area: not lines, reversed corners, or NaN."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.logical_and(sides[:, 0] > 0, sides[:, 1] > 0)
