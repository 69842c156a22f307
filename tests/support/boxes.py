"""Boxes in tests: how much two of them overlap."""

import numpy as np

from common.detection.boxes import Floats


def iou(box: Floats, others: Floats) -> Floats:
    """Intersection over union of a box (4) with each of the others (n × 4). Each must have an area."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    intersection = np.maximum(sides, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - intersection
    ratio: Floats = intersection / union
    return ratio
