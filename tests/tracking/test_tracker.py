"""Tracker: one object keeps its track id; time is an argument."""

import numpy as np
import pytest

from common.tracking.tracker import LOST_S, Tracker

CAR = (0.1, 0.4, 0.2, 0.5)
SURE, UNSURE = 0.9, 0.35  # above and below the score that separates the two stages at a threshold of 0.3


def moved(box: tuple[float, ...], by: float) -> list[float]:
    """The box, moved to the right by a fraction of the frame."""
    return [box[0] + by, box[1], box[2] + by, box[3]]


def ids(
    tracker: Tracker, at_s: float, boxes: list[list[float]], score: float = SURE, label: str = "car"
) -> list[int | None]:
    return tracker.update(at_s, np.array(boxes).reshape(-1, 4), np.full(len(boxes), score), [label] * len(boxes))


def test_a_moving_object_keeps_its_id() -> None:
    tracker = Tracker(0.3)
    seen = {ids(tracker, frame / 5, [moved(CAR, 0.06 * frame)])[0] for frame in range(10)}
    assert seen == {1}


def test_an_object_that_moves_by_more_than_its_width_a_frame_keeps_its_id_once_its_velocity_is_known() -> None:
    tracker = Tracker(0.3)
    positions = [0, 0.05, 0.12, 0.21, 0.32, 0.44, 0.56, 0.68]
    seen = {ids(tracker, frame / 5, [moved(CAR, by)])[0] for frame, by in enumerate(positions)}
    assert seen == {1}


def test_two_objects_that_pass_each_other_keep_their_ids() -> None:
    tracker = Tracker(0.3)
    right, left = (0.1, 0.40, 0.2, 0.50), (0.7, 0.42, 0.8, 0.52)
    pairs = [
        tuple(ids(tracker, frame / 10, [moved(right, 0.03 * frame), moved(left, -0.03 * frame)])) for frame in range(20)
    ]
    assert set(pairs) == {(1, 2)}


def test_a_detection_of_low_score_continues_a_track_and_begins_none() -> None:
    tracker = Tracker(0.3)
    assert ids(tracker, 0, [list(CAR)], UNSURE) == [None]
    assert ids(tracker, 0.2, [list(CAR)]) == [1]
    assert ids(tracker, 0.4, [list(CAR)], UNSURE) == [1]


def test_an_object_that_is_hidden_for_a_second_keeps_its_id() -> None:
    tracker = Tracker(0.3)
    for frame in range(6):
        ids(tracker, frame / 5, [moved(CAR, 0.02 * frame)])
    for frame in range(6, 11):
        assert ids(tracker, frame / 5, []) == []
    assert ids(tracker, 11 / 5, [moved(CAR, 0.02 * 11)]) == [1]


def test_an_object_that_returns_after_the_track_has_ended_gets_a_new_id() -> None:
    tracker = Tracker(0.3)
    ids(tracker, 0, [list(CAR)])
    assert ids(tracker, LOST_S + 0.1, [list(CAR)]) == [2]


def test_a_label_that_changes_for_a_frame_does_not_end_the_track() -> None:
    tracker = Tracker(0.3)
    assert [
        ids(tracker, at, [list(CAR)], label=label)[0] for at, label in ((0, "car"), (0.2, "truck"), (0.4, "car"))
    ] == [
        1,
        1,
        1,
    ]


def test_of_two_detections_in_one_place_the_one_of_the_same_label_continues_the_track() -> None:
    tracker = Tracker(0.3)
    ids(tracker, 0, [list(CAR)])
    boxes = np.array([CAR, CAR])
    assert tracker.update(0.2, boxes, np.array([SURE, SURE]), ["truck", "car"])[1] == 1


@pytest.mark.parametrize("at_s", [1.0, 0.5])
def test_a_clock_that_does_not_advance_ends_all_tracks(at_s: float) -> None:
    tracker = Tracker(0.3)
    assert ids(tracker, 1.0, [list(CAR)]) == [1]
    assert ids(tracker, at_s, [list(CAR)]) == [2]


def test_frames_without_detections_are_accepted() -> None:
    tracker = Tracker(0.3)
    assert [ids(tracker, at, []) for at in (0, 0.2)] == [[], []]


def test_boxes_without_an_area_neither_fail_nor_match() -> None:
    tracker = Tracker(0.3)
    point = [0.5, 0.5, 0.5, 0.5]
    first, second = (ids(tracker, at, [point, list(CAR)]) for at in (0, 0.2))
    assert first[1] == second[1]


def test_a_crowd_of_a_hundred_objects_is_tracked() -> None:
    tracker = Tracker(0.3)
    grid = [[x / 10, y / 10, x / 10 + 0.05, y / 10 + 0.05] for x in range(10) for y in range(10)]
    first = ids(tracker, 0, grid)
    assert sorted(filter(None, first)) == list(range(1, 101))
    assert ids(tracker, 0.2, [moved(tuple(box), 0.01) for box in grid]) == first
