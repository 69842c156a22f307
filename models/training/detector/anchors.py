"""Anchors: the most frequent box sizes in the augmented training images."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .augment import square
from .data import ANY, LabelledImage

SQUARES = 400  # to sample sizes from
ROUNDS = 40


def anchors_for(
    count: int, images: Sequence[LabelledImage], shares: npt.NDArray[np.float64], side: int, seed: int
) -> tuple[tuple[float, float], ...]:
    """Return width and height in pixels of `count` anchors, ascending: k-means by IoU, as in YOLOv2 (Redmon 2017)."""
    random = np.random.default_rng(seed)
    squares = [square(images, shares, side, random) for _ in range(SQUARES)]
    boxes = np.concatenate([one.boxes[one.kinds >= ANY] for one in squares])
    sizes = boxes[:, 2:] - boxes[:, :2]
    by_area = sizes[np.argsort(sizes.prod(axis=1))]
    centres = by_area[((np.arange(count) + 0.5) / count * len(by_area)).astype(int)]
    for _ in range(ROUNDS):
        shared = np.minimum(sizes[:, None], centres).prod(axis=2)
        nearest = (shared / (sizes.prod(axis=1)[:, None] + centres.prod(axis=1) - shared)).argmax(axis=1)
        centres = np.stack([np.median(sizes[nearest == one], axis=0) for one in range(count)])
    centres = centres[np.argsort(centres.prod(axis=1))]
    return tuple((round(float(width), 1), round(float(height), 1)) for width, height in centres)
