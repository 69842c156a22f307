"""What the outputs of each format mean, by tables of numbers, and what a model of it is fed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from common.detection.formats.batched_rows import BatchedRows
from common.detection.formats.boxes_and_scores import BoxesAndScores
from common.detection.formats.class_grid import ClassGrid
from common.detection.formats.corner_grid import CornerGrid
from common.detection.formats.distribution_grid import DistributionGrid
from common.detection.formats.evidence import Evidence, Output
from common.detection.formats.labelled_boxes import LabelledBoxes
from common.detection.formats.model_format import ModelFormat, Objects
from common.detection.formats.objectness_grid import ObjectnessGrid
from common.detection.formats.offset_grid import OffsetGrid
from common.detection.formats.query_boxes import QueryBoxes
from common.detection.formats.query_logits import QueryLogits
from common.detection.formats.recognise import FORMATS
from common.detection.formats.rows import Rows
from common.detection.formats.selected_boxes import SelectedBoxes
from common.detection.formats.sized_boxes import SizedBoxes
from common.detection.metadata import Metadata
from common.detection.preprocessing.placement import Placement, Size
from common.detection.sidecar import Sidecar
from common.detection.tensors import TensorSpec

SIDE = 416
IMAGE = TensorSpec("images", "float", (1, 3, SIDE, SIDE))
FLOAT_SIZE = TensorSpec("image_shape", "float", (1, 2))
INTEGER_SIZE = TensorSpec("orig_target_sizes", "int64", (None, 2))


def matched(kind: type[ModelFormat], outputs: Mapping[str, Any], canvas: Size = (SIDE, SIDE), **more: Any) -> Any:
    """The format, made from these outputs of a dry run."""
    evidence = Evidence([IMAGE], [Output(name, values) for name, values in outputs.items()], canvas, **more)
    found = kind.match(evidence)
    assert found is not None
    return found


def decoded(found: ModelFormat, *outputs: Any, frame: Size = (SIDE, SIDE), min_score: float = 0.3) -> Objects:
    place = Placement.fit(frame, (SIDE, SIDE), found.preprocessing.fit)
    return found.decode([np.asarray(each) for each in outputs], place, min_score)


def float32(values: object) -> np.ndarray:
    return np.array(values, np.float32)


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


def selected_boxes(classes: int = 2) -> Any:
    outputs = {
        "boxes": np.zeros((1, 9, 4), np.float32),
        "scores": np.zeros((1, classes, 9), np.float32),
        "selected": np.zeros((1, 2, 3), np.int32),
    }
    return matched(SelectedBoxes, outputs, size_input=FLOAT_SIZE)


def test_selected_boxes_are_distinguished_by_shape_in_any_order() -> None:
    boxes, scores = np.zeros((1, 9, 4), np.float32), np.zeros((1, 2, 9), np.float32)
    selected = np.zeros((2, 3), np.int64)
    for names in (("b", "s", "n"), ("n", "s", "b"), ("s", "n", "b")):
        values = {"b": boxes, "s": scores, "n": selected}
        found = matched(SelectedBoxes, {name: values[name] for name in names}, size_input=FLOAT_SIZE)
        assert found.outputs == ("b", "s", "n")
        assert found.class_count == 2


def test_selected_boxes_are_fed_the_size_of_the_frame() -> None:
    place = Placement.fit((432, 768), (SIDE, SIDE), SelectedBoxes.preprocessing.fit)
    fed = selected_boxes().extra_inputs(place)["image_shape"]
    assert fed.tolist() == [[432, 768]]
    assert fed.dtype == np.float32


def test_selected_boxes_are_read_best_first() -> None:
    boxes = float32([[[0, 0, 1, 1], [108, 192, 216, 384], [-9, 576, 432, 999]]])
    scores = float32([[[0, 0.4, 0.9], [0.95, 0.1, 0.2]]])
    # The last two are padding, as exports with a fixed number of selections have it.
    selected = np.array([[[0, 0, 1], [0, 0, 2], [0, 1, 2], [-1, -1, -1], [0, -1, 0]]], np.int32)
    objects = decoded(selected_boxes(), boxes, scores, selected, frame=(432, 768))
    assert objects.class_ids.tolist() == [0, 0]
    np.testing.assert_allclose(objects.scores, [0.9, 0.4])
    np.testing.assert_allclose(objects.boxes, [[0.75, 0, 1, 1], [0.25, 0.25, 0.5, 0.5]], atol=1e-6)


def test_selected_boxes_may_be_none() -> None:
    outputs = np.zeros((1, 5, 4), np.float32), np.zeros((1, 2, 5), np.float32), np.zeros((1, 0, 3), np.int64)
    assert len(decoded(selected_boxes(), *outputs, min_score=0).scores) == 0


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


def test_rows_are_taken_as_they_are_and_empty_ones_dropped() -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = (104, 104, 208, 312, 0.5, 7)
    rows[0, 1] = (104, 104, 208, 312, 0.9, 3)
    found = matched(Rows, {"output0": rows})
    objects = decoded(found, rows, min_score=0)
    assert objects.class_ids.tolist() == [3, 7]
    np.testing.assert_allclose(objects.boxes[0], [0.25, 0.25, 0.5, 0.75], atol=1e-6)
    assert found.class_count is None


def test_rows_of_a_frame_without_objects_are_rows() -> None:
    assert matched(Rows, {"output0": np.zeros((1, 300, 6), np.float32)})


def test_batched_rows_have_the_class_before_the_score() -> None:
    found = matched(BatchedRows, {"output": np.zeros((0, 7), np.float32)})
    objects = decoded(found, float32([[0, 104, 104, 208, 312, 2, 0.7], [0, 1, 1, 9, 9, 1, 0.2]]))
    assert objects.class_ids.tolist() == [2]
    np.testing.assert_allclose(objects.scores, [0.7])
    assert len(decoded(found, np.zeros((0, 7), np.float32)).scores) == 0


def test_query_boxes_have_a_score_and_a_class_or_a_score_per_class() -> None:
    rows = float32([[[0.5, 0.5, 0.25, 0.5, 0.9, 4], [0.5, 0.5, 0.1, 0.1, 0.2, 1]]])
    with_class = matched(QueryBoxes, {"output0": rows})
    objects = decoded(with_class, rows)
    assert (with_class.class_count, objects.class_ids.tolist()) == (None, [4])
    np.testing.assert_allclose(objects.boxes, [[0.375, 0.25, 0.625, 0.75]], atol=1e-6)
    rows[..., 4:] = (0.4, 0.6)
    with_scores = matched(QueryBoxes, {"output0": rows})
    objects = decoded(with_scores, rows)
    assert (with_scores.class_count, objects.class_ids.tolist()) == (2, [1, 1])


def test_sized_boxes_are_asked_for_in_pixels_of_the_canvas() -> None:
    outputs = {
        "labels": np.array([[3, 0, 1]]),
        "boxes": float32([[[104, 104, 208, 312], [-50, 0, 500, 416], [0, 0, 1, 1]]]),
        "scores": float32([[0.5, 0.9, 0.1]]),
    }
    found = matched(SizedBoxes, outputs, size_input=INTEGER_SIZE)
    place = Placement.fit((432, 768), (192, 320), found.preprocessing.fit)
    assert found.extra_inputs(place)["orig_target_sizes"].tolist() == [[320, 192]]
    objects = decoded(found, *outputs.values())
    assert objects.class_ids.tolist() == [0, 3]
    np.testing.assert_allclose(objects.boxes, float32([[0, 0, 1, 1], [0.25, 0.25, 0.5, 0.75]]), atol=1e-6)


def logits_of(*probabilities: Sequence[float]) -> np.ndarray:
    values = float32([probabilities])
    return float32(np.log(values / (1 - values)))


def test_query_logits_take_the_best_pairs_of_query_and_class() -> None:
    boxes = float32([[[0.5, 0.5, 0.25, 0.5], [0.25, 0.25, 0.5, 0.5]]])
    logits = logits_of([0.9, 0.8, 0.99], [0.1, 0.7, 0.99])
    found = matched(QueryLogits, {"dets": boxes, "labels": logits})
    assert (found.outputs, found.class_count) == (("dets", "labels"), 2)
    objects = decoded(found, boxes, logits)
    # As many pairs as queries; the last column stands for the background.
    np.testing.assert_allclose(objects.scores, [0.9, 0.8], rtol=1e-5)
    assert objects.class_ids.tolist() == [0, 1]
    np.testing.assert_allclose(objects.boxes, [[0.375, 0.25, 0.625, 0.75]] * 2, atol=1e-6)


@pytest.mark.parametrize(("columns", "labels", "classes"), [(91, None, 91), (4, 4, 4), (4, 3, 3), (4, None, 3)])
def test_query_logits_have_a_background_unless_their_number_excludes_it(
    columns: int, labels: int | None, classes: int
) -> None:
    outputs = {"dets": np.full((1, 5, 4), 0.5, np.float32), "labels": np.zeros((1, 5, columns), np.float32)}
    assert matched(QueryLogits, outputs, label_count=labels).class_count == classes


def test_query_logits_with_a_softmax_take_the_best_class_of_each_query() -> None:
    boxes = np.full((1, 2, 4), 0.5, np.float32)
    logits = np.log(float32([[[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]]])) + 5
    sidecar = Sidecar(scores="softmax", normalisation="imagenet")
    found = matched(QueryLogits, {"logits": logits, "pred_boxes": boxes}, sidecar=sidecar)
    assert (found.outputs, found.class_count) == (("pred_boxes", "logits"), 2)
    objects = decoded(found, boxes, logits, min_score=0.25)
    np.testing.assert_allclose(objects.scores, [0.6], rtol=1e-5)
    assert objects.class_ids.tolist() == [0]


def test_boxes_and_scores_are_fractions_and_suppressed_within_each_class() -> None:
    boxes = float32([[[0.25, 0.25, 0.5, 0.75], [0.25, 0.25, 0.5, 0.74], [0.5, 0.5, 0.6, 0.6]]])
    scores = float32([[[0.9, 0.1], [0.8, 0.1], [0.1, 0.6]]])
    for shape in ((1, 3, 1, 4), (1, 3, 4)):
        found = matched(BoxesAndScores, {"confs": scores, "boxes": boxes.reshape(shape)})
        objects = decoded(found, boxes.reshape(shape), scores)
        assert objects.class_ids.tolist() == [0, 1]
        np.testing.assert_allclose(objects.boxes[0], [0.25, 0.25, 0.5, 0.75], atol=1e-6)


def test_labelled_boxes_count_classes_from_1() -> None:
    outputs = {
        "boxes": float32([[104, 104, 208, 312], [0, 0, 50, 50]]),
        "scores": float32([0.9, 0.8]),
        "labels": np.array([1, 0]),
    }
    found = matched(LabelledBoxes, outputs)
    objects = decoded(found, outputs["boxes"], outputs["labels"], outputs["scores"])
    assert objects.class_ids.tolist() == [0]
    np.testing.assert_allclose(objects.boxes, [[0.25, 0.25, 0.5, 0.75]], atol=1e-6)


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({kind.NAME for kind in FORMATS}) == len(FORMATS)
