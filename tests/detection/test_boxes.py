"""Letterbox geometry and NMS, checked by hand-made tables."""

import numpy as np
import pytest

from common.detection.boxes import MOST_BOXES, Detection, Letterbox, iou, nms, one_label_each, with_area

FRAMES = [(432, 768), (768, 432), (416, 416), (1080, 1920), (333, 517), (3, 5), (1, 1), (1, 4000), (4000, 1)]


@pytest.mark.parametrize(
    ("frame", "centred", "letterbox"),
    [
        ((432, 768), True, Letterbox(0, 91, 416, 234)),
        ((432, 768), False, Letterbox(0, 0, 416, 234)),
        ((768, 432), True, Letterbox(91, 0, 234, 416)),
        ((416, 416), True, Letterbox(0, 0, 416, 416)),
        ((2, 4), True, Letterbox(0, 104, 416, 208)),
        ((1, 4000), True, Letterbox(0, 207, 416, 1)),
    ],
)
def test_letterbox_keeps_the_aspect_and_places_the_frame(
    frame: tuple[int, int], centred: bool, letterbox: Letterbox
) -> None:
    assert Letterbox.fit(frame, (416, 416), centred=centred) == letterbox


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("canvas", [(416, 416), (64, 96), (640, 352)])
@pytest.mark.parametrize("centred", [True, False])
def test_letterbox_lies_inside_its_canvas_and_touches_two_of_its_edges(
    frame: tuple[int, int], canvas: tuple[int, int], centred: bool
) -> None:
    letterbox = Letterbox.fit(frame, canvas, centred=centred)
    assert letterbox.left >= 0
    assert letterbox.top >= 0
    assert letterbox.left + letterbox.width <= canvas[1]
    assert letterbox.top + letterbox.height <= canvas[0]
    assert letterbox.width == canvas[1] or letterbox.height == canvas[0]


def test_to_fractions_maps_the_place_of_the_frame_to_all_of_it_and_cuts_what_is_beyond() -> None:
    letterbox = Letterbox(left=0, top=91, width=416, height=234)
    boxes = np.array([[0, 91, 416, 325], [104, 208, 208, 325], [-50, 0, 500, 208]], np.float32)
    expected: list[list[float]] = [[0, 0, 1, 1], [0.25, 0.5, 0.5, 1], [0, 0, 1, 0.5]]
    np.testing.assert_allclose(letterbox.to_fractions(boxes), expected, atol=1e-6)


def test_with_area_drops_lines_reversed_boxes_and_nan() -> None:
    boxes = np.array([[0, 0, 1, 1], [0.5, 0, 0.5, 1], [0, 1, 1, 0], [0.6, 0, 0.4, 1], [0, 0, np.nan, 1]], np.float32)
    assert with_area(boxes).tolist() == [True, False, False, False, False]


def test_iou_is_that_of_the_definition() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [1, 1, 3, 3], [5, 5, 6, 6], [2, 0, 4, 2]], np.float32)
    np.testing.assert_allclose(iou(boxes[0], boxes), [1, 1 / 3, 1 / 7, 0, 0], rtol=1e-6)


def test_nms_keeps_the_best_of_those_that_overlap_and_orders_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [1, 0, 10, 10]], np.float32)
    assert keep(boxes, scores=[0.5, 0.7, 0.9, 0.6], class_ids=[1, 1, 1, 1]) == [2, 1]


def test_nms_leaves_other_classes_alone() -> None:
    boxes = np.array([[0, 0, 10, 10]] * 3, np.float32)
    assert keep(boxes, scores=[0.5, 0.7, 0.6], class_ids=[0, 1, 0]) == [1, 2]


def test_nms_does_not_let_a_removed_box_remove_another() -> None:
    boxes = np.array([[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]], np.float32)
    assert keep(boxes, scores=[0.9, 0.8, 0.7], class_ids=[0, 0, 0]) == [0, 2]


def test_nms_keeps_boxes_that_overlap_just_as_much_as_allowed() -> None:
    boxes = np.array([[0, 0, 2, 2], [0, 1, 2, 3]], np.float32)
    scores, class_ids = np.array([0.9, 0.8], np.float32), np.zeros(2, np.int64)
    overlap = float(iou(boxes[0], boxes[1:])[0])
    assert nms(boxes, scores, class_ids, max_iou=overlap).tolist() == [0, 1]
    assert nms(boxes, scores, class_ids, max_iou=overlap - 0.01).tolist() == [0]


def test_nms_takes_no_boxes_and_very_many() -> None:
    assert keep(np.empty((0, 4), np.float32), [], []) == []
    left = np.repeat(np.arange(10, dtype=np.float32), 300)
    boxes = np.stack((left, left * 0, left + 1, left * 0 + 1), axis=1)
    scores = np.linspace(0.9, 0.1, len(boxes)).tolist()
    assert keep(boxes, scores, class_ids=[0] * len(boxes)) == list(range(0, 3000, 300))


def test_nms_keeps_no_more_than_anyone_could_look_at() -> None:
    left = np.arange(1000, dtype=np.float32) * 2
    boxes = np.stack((left, left * 0, left + 1, left * 0 + 1), axis=1)
    assert keep(boxes, np.linspace(0.9, 0.1, 1000).tolist(), [0] * 1000) == list(range(MOST_BOXES))


def test_what_is_found_twice_under_two_labels_keeps_the_better_one() -> None:
    van = Detection("truck", 0.7, (0.1, 0.1, 0.3, 0.3))
    again = Detection("car", 0.4, (0.1, 0.1, 0.3, 0.31))
    beside = Detection("car", 0.5, (0.15, 0.1, 0.35, 0.3))
    assert one_label_each([van, beside, again]) == [van, beside]
    assert one_label_each([]) == []


def keep(boxes: np.ndarray, scores: list[float], class_ids: list[int]) -> list[int]:
    kept = nms(boxes, np.array(scores, np.float32), np.array(class_ids, np.int64), max_iou=0.45)
    return [int(index) for index in kept]
