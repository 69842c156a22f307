"""Formats that list boxes: what their outputs mean, by tables of numbers, and what a model of them is fed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from common.detection.formats.batched_rows import BatchedRows
from common.detection.formats.boxes_and_scores import BoxesAndScores
from common.detection.formats.labelled_boxes import LabelledBoxes
from common.detection.formats.query_boxes import QueryBoxes
from common.detection.formats.query_logits import QueryLogits
from common.detection.formats.recognise import FORMATS
from common.detection.formats.rows import Rows
from common.detection.formats.selected_boxes import SelectedBoxes
from common.detection.formats.sized_boxes import SizedBoxes
from common.detection.preprocessing.placement import Placement
from common.detection.sidecar import Sidecar
from common.detection.tensors import TensorSpec
from tests.support.decoding import SIDE, decoded, float32, matched

FLOAT_SIZE = TensorSpec("image_shape", "float", (1, 2))
INTEGER_SIZE = TensorSpec("orig_target_sizes", "int64", (None, 2))


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
