"""Cells: the grids over a canvas in which detectors predict."""

from collections.abc import Iterator

import numpy as np

from common.detection.boxes import Floats
from common.detection.preprocessing.placement import Size

STRIDES = (8, 16, 32)
# Of models with a finer or a coarser grid besides.
ALL_STRIDES = (STRIDES, (4, *STRIDES), (*STRIDES, 64))


def cell_count(canvas: Size, strides: tuple[int, ...]) -> int:
    """The number of cells of all grids, where the strides divide the canvas."""
    return sum((canvas[0] // stride) * (canvas[1] // stride) for stride in strides)


def strides_of(canvas: Size, count: int) -> tuple[int, ...] | None:
    """The strides whose grids have `count` cells, None if there are none."""
    return next((strides for strides in ALL_STRIDES if cell_count(canvas, strides) == count), None)


def cells(canvas: Size, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """For each cell of each grid, row by row: its column and row (n × 2), and its stride in pixels (n × 1).

    A grid whose stride does not divide the canvas is rounded up.
    """
    places, sizes = zip(*_grids(canvas, strides), strict=True)
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def _grids(canvas: Size, strides: tuple[int, ...]) -> Iterator[tuple[Floats, Floats]]:
    for stride in strides:
        rows, columns = np.mgrid[: -(-canvas[0] // stride), : -(-canvas[1] // stride)]
        yield np.stack((columns.ravel(), rows.ravel()), axis=1), np.full((rows.size, 1), stride, np.float32)


def centred(boxes: Floats) -> Floats:
    """Boxes given by centre and size (n × 4: cx, cy, w, h) as x1, y1, x2, y2."""
    halves = boxes[:, 2:4] / 2
    return np.hstack((boxes[:, :2] - halves, boxes[:, :2] + halves))


def share_around_centres(boxes: Floats, canvas: Size, strides: tuple[int, ...]) -> float:
    """The share of cells whose box (x1, y1, x2, y2 in pixels) contains their own centre.

    Close to 1 for boxes predicted as distances from the centre, trained or not, when they are read the right way.
    """
    places, sizes = cells(canvas, strides)
    centres = (places + 0.5) * sizes
    around = np.hstack((boxes[:, :2] <= centres, centres <= boxes[:, 2:4])).all(axis=1)
    return float(np.mean(around))
