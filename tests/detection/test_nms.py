"""NMS within each class and over all classes, checked by tables and against its definition."""

import numpy as np
import pytest

from common.detection.boxes import with_area
from common.detection.nms import MAX_BOXES, class_agnostic_nms, nms
from common.messaging.messages import Detection
from tests.support.boxes import iou


def test_with_area_drops_lines_reversed_boxes_and_nan() -> None:
    boxes = np.array([[0, 0, 1, 1], [0.5, 0, 0.5, 1], [0, 1, 1, 0], [0.6, 0, 0.4, 1], [0, 0, np.nan, 1]], np.float32)
    assert with_area(boxes).tolist() == [True, False, False, False, False]


def test_iou_is_that_of_the_definition() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [1, 1, 3, 3], [5, 5, 6, 6], [2, 0, 4, 2]], np.float32)
    np.testing.assert_allclose(iou(boxes[0], boxes), [1, 1 / 3, 1 / 7, 0, 0], rtol=1e-6)


def test_nms_keeps_the_best_of_boxes_that_overlap_and_orders_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [1, 0, 10, 10]], np.float32)
    assert keep(boxes, scores=[0.5, 0.7, 0.9, 0.6], class_ids=[1, 1, 1, 1]) == [2, 1]


def test_nms_compares_boxes_of_the_same_class_only() -> None:
    boxes = np.array([[0, 0, 10, 10]] * 3, np.float32)
    assert keep(boxes, scores=[0.5, 0.7, 0.6], class_ids=[0, 1, 0]) == [1, 2]


def test_a_box_that_nms_removed_removes_no_other() -> None:
    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], np.float32)
    assert keep(boxes, scores=[0.9, 0.8, 0.7], class_ids=[0, 0, 0]) == [0, 2]


def test_nms_keeps_boxes_that_overlap_up_to_the_limit() -> None:
    boxes = np.array([[0, 0, 2, 2], [0, 1, 2, 3]], np.float32)
    scores, class_ids = np.array([0.9, 0.8], np.float32), np.zeros(2, np.int64)
    overlap = float(iou(boxes[0], boxes[1:])[0])
    assert nms(boxes, scores, class_ids, max_iou=overlap + 0.01).tolist() == [0, 1]
    assert nms(boxes, scores, class_ids, max_iou=overlap - 0.01).tolist() == [0]


def test_nms_takes_no_boxes_and_very_many() -> None:
    assert keep(np.empty((0, 4), np.float32), [], []) == []
    left = np.repeat(np.arange(10, dtype=np.float32), 300)
    boxes = np.stack((left, left * 0, left + 1, left * 0 + 1), axis=1)
    scores = np.linspace(0.9, 0.1, len(boxes)).tolist()
    assert keep(boxes, scores, class_ids=[0] * len(boxes)) == list(range(0, 3000, 300))


def test_nms_keeps_a_limited_number_of_boxes() -> None:
    left = np.arange(1000, dtype=np.float32) * 2
    boxes = np.stack((left, left * 0, left + 1, left * 0 + 1), axis=1)
    assert keep(boxes, np.linspace(0.9, 0.1, 1000).tolist(), [0] * 1000) == list(range(MAX_BOXES))


@pytest.mark.parametrize("unit", [1, 1 / 640])
@pytest.mark.parametrize("seed", range(5))
def test_nms_follows_its_definition_in_any_unit(seed: int, unit: float) -> None:
    random = np.random.default_rng(seed)
    corners, sides = random.uniform(0, 400, (250, 2)), random.uniform(20, 200, (250, 2))
    boxes = (np.hstack((corners, corners + sides)) * unit).astype(np.float32)
    scores, class_ids = random.uniform(0, 1, 250).astype(np.float32), random.integers(0, 3, 250)
    kept: list[int] = []
    for index in np.argsort(-scores).tolist():
        rivals = [other for other in kept if class_ids[other] == class_ids[index]]
        if not rivals or iou(boxes[index], boxes[rivals]).max() <= 0.45:
            kept.append(index)
    assert nms(boxes, scores, class_ids, 0.45).tolist() == kept


def test_of_two_labels_for_one_object_the_better_one_is_kept() -> None:
    van = Detection("truck", 0.7, (0.1, 0.1, 0.3, 0.3))
    again = Detection("car", 0.4, (0.1, 0.1, 0.3, 0.31))
    beside = Detection("car", 0.5, (0.15, 0.1, 0.35, 0.3))
    assert class_agnostic_nms([van, beside, again]) == [van, beside]
    assert class_agnostic_nms([]) == []


def keep(boxes: np.ndarray, scores: list[float], class_ids: list[int]) -> list[int]:
    kept = nms(boxes, np.array(scores, np.float32), np.array(class_ids, np.int64), max_iou=0.45)
    return [int(index) for index in kept]
