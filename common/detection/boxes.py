"""Boxes: what a detector found and where, as fractions of the frame."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.integer]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `box` is x1, y1, x2, y2 as fractions (0 to 1) of the frame; `score` is 0 to 1."""

    label: str
    score: float
    box: tuple[float, float, float, float]


def with_area(boxes: Floats) -> Mask:
    """Which boxes (n × 4: x1, y1, x2, y2) have an area: not lines, reversed corners, or NaN."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.logical_and(sides[:, 0] > 0, sides[:, 1] > 0)


def iou(box: Floats, others: Floats) -> Floats:
    """Intersection over union of a box (4) with each of the others (n × 4). Each must have an area."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    intersection = np.maximum(sides, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - intersection
    ratio: Floats = intersection / union
    return ratio
