"""Formats with a row for each cell of a grid: what their outputs mean, by tables of numbers."""

from typing import Any

import numpy as np
import pytest

from common.detection.formats.class_grid import ClassGrid
from common.detection.formats.corner_grid import CornerGrid
from common.detection.formats.distribution_grid import DistributionGrid
from common.detection.formats.objectness_grid import ObjectnessGrid
from common.detection.formats.offset_grid import OffsetGrid
from common.detection.metadata import Metadata
from tests.support.decoding import SIDE, decoded, float32, matched


def offset_grid(classes: int = 2) -> Any:
    grid = np.full((1, 3549, 5 + classes), 0.1, np.float32)
    grid[..., 2] = -0.1
    return matched(OffsetGrid, {"output": grid})


def around_cells(count: int = 3549) -> np.ndarray:
    """A box of 8 pixels (cx, cy, w, h) in the middle of each cell of the three grids."""
    boxes = []
    for stride in (8, 16, 32):
        rows, columns = np.mgrid[: SIDE // stride, : SIDE // stride]
        centres = (np.stack((columns.ravel(), rows.ravel()), axis=1) + 0.5) * stride
        boxes.append(np.hstack((centres, np.full_like(centres, 8))))
    return np.concatenate(boxes).astype(np.float32)[:count]


@pytest.mark.parametrize(
    ("cell", "stride", "column", "row"), [(0, 8, 0, 0), (53, 8, 1, 1), (2704 + 27, 16, 1, 1), (3548, 32, 12, 12)]
)
def test_an_offset_grid_is_decoded_by_the_place_and_stride_of_the_cell(
    cell: int, stride: int, column: int, row: int
) -> None:
    grid = np.zeros((1, 3549, 7), np.float32)
    grid[0, cell] = (0.5, 0.25, np.log(2), np.log(3), 0.8, 0.1, 0.5)
    objects = decoded(offset_grid(), grid)
    x, y = (column + 0.5) * stride, (row + 0.25) * stride
    pixels = np.array([x - stride, y - 1.5 * stride, x + stride, y + 1.5 * stride])
    np.testing.assert_allclose(objects.boxes, np.clip(pixels / SIDE, 0, 1)[None], atol=1e-6)
    np.testing.assert_allclose(objects.scores, [0.4], rtol=1e-6)
    assert objects.class_ids.tolist() == [1]


@pytest.mark.parametrize("make", [offset_grid, lambda: matched(ObjectnessGrid, {"output": objectness_grid()})])
def test_the_score_is_objectness_times_class(make: Any) -> None:
    grid = objectness_grid()
    grid[0, :, 4:] = 0
    grid[0, 60, 4:], grid[0, 900, 4:] = (0.9, 0.3, 0.2), (0.3, 0.2, 0.99)
    if make is offset_grid:
        grid[0, :, :4] = 0
    found = make()
    assert len(decoded(found, grid).scores) == 0
    assert decoded(found, grid, min_score=0.28).class_ids.tolist() == [1]
    assert decoded(found, grid, min_score=0.26).class_ids.tolist() == [1, 0]


def test_nothing_in_the_padding_is_an_object() -> None:
    grid = np.zeros((1, 3549, 6), np.float32)
    grid[0, 51 * 52 + 5, 4:] = 1  # the lowest row of cells; the frame ends at pixel 234 of 416
    assert len(decoded(offset_grid(1), grid, frame=(432, 768)).scores) == 0


def test_boxes_are_inside_the_frame_whatever_the_numbers() -> None:
    grid = np.random.default_rng(7).normal(0, 100, (1, 3549, 7)).astype(np.float32)
    grid[0, :, 4:] = np.random.default_rng(8).uniform(0, 1, (3549, 3))
    grid[0, ::7, :4] = np.nan
    objects = decoded(offset_grid(), grid, frame=(432, 768), min_score=0)
    assert len(objects.boxes) > 0
    assert objects.boxes.min() >= 0
    assert objects.boxes.max() <= 1


def objectness_grid(classes: int = 2) -> np.ndarray:
    return np.hstack((around_cells(), np.full((3549, 1 + classes), 0.1, np.float32)))[None]


def test_an_objectness_grid_is_in_pixels_and_suppressed_within_each_class() -> None:
    grid = np.zeros((1, 3549, 7), np.float32)
    grid[0, 10] = (208, 208, 104, 208, 0.9, 1, 0)
    grid[0, 20] = (210, 208, 104, 208, 0.8, 1, 0)
    grid[0, 30] = (208, 208, 104, 208, 0.7, 0, 1)
    objects = decoded(matched(ObjectnessGrid, {"output": objectness_grid()}), grid)
    assert objects.class_ids.tolist() == [0, 1]
    np.testing.assert_allclose(objects.boxes[0], [0.375, 0.25, 0.625, 0.75], atol=1e-6)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_class_grid_gives_each_cell_its_best_class(transposed: bool) -> None:
    dry = np.hstack((around_cells(), np.full((3549, 3), 0.1, np.float32))).T
    grid = np.zeros((7, 3549), np.float32)
    grid[:, 5] = (208, 208, 104, 208, 0.2, 0.6, 0.5)
    grid[:, 9] = (104, 104, 104, 104, 0.9, 0.1, 0.1)
    grid[:, 11] = (112, 104, 104, 104, 0.8, 0.1, 0.1)  # IoU 0.86
    if transposed:
        dry, grid = dry.T, grid.T
    found = matched(ClassGrid, {"output0": dry[None]}, label_count=3)
    objects = decoded(found, grid[None])
    assert objects.class_ids.tolist() == [0, 1]
    np.testing.assert_allclose(objects.scores, [0.9, 0.6])
    np.testing.assert_allclose(objects.boxes[1], [0.375, 0.25, 0.625, 0.75], atol=1e-6)


@pytest.mark.parametrize(
    ("extra", "metadata", "ignored"),
    [(32, Metadata(), "masks"), (51, Metadata(task="pose", keypoint_values=51), "keypoints")],
)
def test_masks_and_keypoints_of_a_class_grid_are_not_classes(extra: int, metadata: Metadata, ignored: str) -> None:
    grid = np.hstack((around_cells(), np.full((3549, 2), 0.1, np.float32), np.full((3549, extra), 9.0, np.float32))).T
    outputs = {"output0": grid[None]} | ({"output1": np.zeros((1, 32, 104, 104), np.float32)} if extra == 32 else {})
    found = matched(ClassGrid, outputs, metadata=metadata)
    assert (found.class_count, found.ignored) == (2, ignored)
    assert len(decoded(found, grid[None]).scores) == 0


def test_a_corner_grid_may_find_two_classes_in_a_cell() -> None:
    boxes = around_cells()
    corners = np.hstack((boxes[:, :2] - 4, boxes[:, :2] + 4))
    found = matched(CornerGrid, {"output": np.hstack((corners, np.full((3549, 2), 0.1, np.float32))).T[None]})
    grid = np.zeros((1, 6, 3549), np.float32)
    grid[0, :, 9] = (104, 104, 312, 208, 0.9, 0.5)
    objects = decoded(found, grid)
    assert objects.class_ids.tolist() == [0, 1]
    np.testing.assert_allclose(objects.boxes, [[0.25, 0.25, 0.75, 0.5]] * 2, atol=1e-6)


def test_a_distribution_grid_gives_the_mean_distance_of_each_side() -> None:
    cells = 52 * 52 + 26 * 26 + 13 * 13 + 7 * 7
    dry = np.hstack((np.full((cells, 2), 0.1), np.full((cells, 32), -3.0))).astype(np.float32)
    found = matched(DistributionGrid, {"output": dry[None]})
    grid = np.zeros((1, cells, 34), np.float32)
    cell = 52 * 52 + 26 * 10 + 12  # of stride 16, in column 12 and row 10
    grid[0, cell, :2] = (0.1, 0.8)
    sides = np.full((4, 8), -50.0, np.float32)
    for side, (low, high) in enumerate(((1, 1), (2, 3), (3, 3), (4, 5))):  # between two of them, both equally
        sides[side, [low, high]] = 0
    grid[0, cell, 2:] = sides.ravel()
    objects = decoded(found, grid)
    expected = float32([[12 - 1, 10 - 2.5, 12 + 3, 10 + 4.5]]) * 16 / SIDE
    np.testing.assert_allclose(objects.boxes, expected, atol=1e-5)
    assert objects.class_ids.tolist() == [1]
