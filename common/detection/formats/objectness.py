"""Objectness: the common part of grids with objectness, and how raw and decoded grids are distinguished."""

from typing import TypeAlias

import numpy as np

from common.detection.boxes import Floats, Integers
from common.detection.preprocessing.options import NO_MEAN, UNSCALED, Channels, Fit, Preprocessing
from common.errors import ModelError

Grids: TypeAlias = tuple[Floats, Floats]
"""Column and row (n × 2), and stride (n × 1), of each cell."""

MAX_IOU = 0.45
YOLOX_PREPROCESSING = Preprocessing(Fit.CORNER, Channels.BGR, NO_MEAN, UNSCALED)
# The median distance of a box from its cell, in strides: 0.06 to 0.23 in pixels of the canvas, 15 as raw offsets.
MAX_DISTANCE = 4.0


def best_of_objectness(grid: Floats, min_score: float) -> tuple[Integers, Integers, Floats]:
    """Of a grid (n × 5 + classes): the rows that score at least `min_score`, their class, their score."""
    # No score exceeds its objectness: nearly every row is dropped before its classes are read.
    rows = np.flatnonzero(grid[:, 4] >= min_score)
    class_ids = grid[rows, 5:].argmax(axis=1)
    scores = grid[rows, 4] * grid[rows, 5 + class_ids]
    kept = scores >= min_score
    return rows[kept], class_ids[kept], scores[kept]


def is_decoded(grid: Floats, grids: Grids) -> bool:
    """Whether the boxes of a grid are in pixels of the canvas rather than offsets from their cells.

    Raises ModelError for fractions of the canvas, which could be mistaken for offsets.
    """
    places, strides = grids
    if (grid[:, :4] >= 0).all() and (grid[:, :4] <= 1).all():
        raise ModelError("its boxes are fractions of the input; export it with boxes in pixels")
    distances = np.abs(grid[:, :2] - (places + 0.5) * strides) / strides
    return bool(np.median(distances) < MAX_DISTANCE and (grid[:, 2:4] >= 0).all())
