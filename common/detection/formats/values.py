"""Checks of a model's values in the dry run."""

from typing import Any

import numpy as np
import numpy.typing as npt

from common.detection.boxes import Floats
from common.errors import ModelError

# Quantised models give scores a little outside of 0 to 1; logits are far outside, most of them below 0.
LOWEST, HIGHEST = -0.05, 2.0
# Boxes as fractions reach a little beyond the frame, boxes in pixels far beyond 2.
FRACTIONS = (-1.0, 2.0)


def are_probabilities(values: Floats) -> bool:
    """Whether these can be scores after a sigmoid or a softmax."""
    return not values.size or bool(values.min() >= LOWEST and values.max() <= HIGHEST)


def check_probabilities(values: Floats) -> None:
    """Raise ModelError for scores that are not probabilities."""
    if not are_probabilities(values):
        raise ModelError(
            f"its scores are {values.min():.3g} to {values.max():.3g} instead of 0 to 1; "
            "export it with the sigmoid or softmax of its scores"
        )


def are_fractions(boxes: Floats) -> bool:
    """Whether these are boxes as fractions of the canvas rather than in pixels."""
    return not boxes.size or bool(boxes.min() >= FRACTIONS[0] and boxes.max() <= FRACTIONS[1])


def are_class_ids(values: npt.NDArray[Any]) -> bool:
    """Whether these are whole numbers of at least 0."""
    return bool(((values >= 0) & (values == np.floor(values))).all())


def share_of_corners(boxes: Floats) -> float:
    """The share of these boxes that have x1 ≤ x2 and y1 ≤ y2 when they are read as x1, y1, x2, y2; 1 for none."""
    return float(np.mean((boxes[:, :2] <= boxes[:, 2:4]).all(axis=1))) if len(boxes) else 1.0
