"""Association of tracks with detections by the overlap of their boxes."""

import numpy as np

from common.tracking.kalman import Array


def overlap(first: Array, second: Array, margin: float = 0.0) -> Array:
    """IoU of each box of `first` (n × 4) with each of `second` (m × 4), as n × m.

    With a margin, each box is enlarged by that fraction of its width and height on each side before, so that small
    objects that move by more than their size between two frames still overlap (Yang et al., "Hard to Track Objects
    with Irregular Motions and Similar Appearances? Make It Easier by Buffering the Matching Space", WACV 2023).
    """
    first, second = _enlarged(first, margin)[:, None], _enlarged(second, margin)[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    intersection = np.maximum(sides, 0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (first, second)]
    ratio: Array = intersection / np.maximum(areas[0] + areas[1] - intersection, 1e-12)
    return ratio


def match(similarity: Array, at_least: float) -> list[tuple[int, int]]:
    """Pairs (row, column), the most similar first, each row and column at most once; none below `at_least`.

    Greedy, not the optimal assignment: with IoU both agree except in crowds, and SciPy is not needed.
    """
    pairs = []
    rows, columns = set[int](), set[int]()
    for index in np.argsort(-similarity, axis=None, kind="stable").tolist():
        row, column = divmod(index, similarity.shape[1])
        if similarity[row, column] < at_least:
            break
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs


def _enlarged(boxes: Array, margin: float) -> Array:
    by = margin * (boxes[:, 2:] - boxes[:, :2])
    return np.concatenate((boxes[:, :2] - by, boxes[:, 2:] + by), axis=1)
