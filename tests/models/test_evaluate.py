"""How a model is judged: average precision that counts what it should, and nothing else."""

import numpy as np
import pytest

from common.detection.boxes import Detection
from models.training.detector.data import CLASSES, IGNORED
from models.training.evaluate import VEHICLES, Judged, average_precision, only_from, table

CAR, TRUCK = CLASSES.index("car"), CLASSES.index("truck")
EVERYTHING = frozenset(CLASSES)


def judged(
    boxes: list[tuple[float, float, float, float]],
    kinds: list[int],
    found: list[Detection],
    labelled: frozenset[str] = EVERYTHING,
) -> Judged:
    """A picture of 200 × 100 px."""
    return Judged((200, 100), np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds, np.int64), found, labelled)


def find(label: str, score: float, x1: float, y1: float, x2: float, y2: float) -> Detection:
    """A find, its box in pixels of such a picture."""
    return Detection(label, score, (x1 / 200, y1 / 100, x2 / 200, y2 / 100))


HERE, THERE = (10.0, 10.0, 50.0, 50.0), (100.0, 20.0, 180.0, 90.0)


def test_all_found_and_nothing_else_is_one() -> None:
    picture = judged([HERE, THERE], [CAR, CAR], [find("car", 0.9, *HERE), find("car", 0.4, *THERE)])
    row = average_precision([picture], ["car"])
    assert row["boxes"] == 2
    assert row["AP50"] == pytest.approx(1)
    assert row["AP50:95"] == pytest.approx(1)


def test_half_found_is_half() -> None:
    row = average_precision([judged([HERE, THERE], [CAR, CAR], [find("car", 0.9, *HERE)])], ["car"])
    assert row["AP50"] == pytest.approx(0.5, abs=0.01)


def test_a_box_that_is_off_counts_at_low_iou_only() -> None:
    row = average_precision([judged([HERE], [CAR], [find("car", 0.9, 10, 10, 50, 36)])], ["car"])  # IoU 0.65
    assert row["AP50"] == pytest.approx(1)
    assert 0 < row["AP50:95"] < 0.5


def test_a_better_scored_find_of_nothing_costs() -> None:
    picture = judged([HERE], [CAR], [find("car", 0.9, *THERE), find("car", 0.4, *HERE)])
    assert average_precision([picture], ["car"])["AP50"] == pytest.approx(0.5)


def test_what_lies_in_an_ignored_region_counts_neither_way() -> None:
    picture = judged([HERE, THERE], [CAR, IGNORED], [find("car", 0.9, 110, 30, 150, 80), find("car", 0.4, *HERE)])
    row = average_precision([picture], ["car"])
    assert row["boxes"] == 1
    assert row["AP50"] == pytest.approx(1)


def test_a_picture_without_labels_of_the_class_is_left_out() -> None:
    good = judged([HERE], [CAR], [find("car", 0.5, *HERE)])
    unlabelled = judged([], [], [find("car", 0.9, *THERE)], frozenset({"person"}))
    assert average_precision([good, unlabelled], ["car"])["AP50"] == pytest.approx(1)
    labelled = judged([], [], [find("car", 0.9, *THERE)])
    assert average_precision([good, labelled], ["car"])["AP50"] == pytest.approx(0.5)


def test_as_one_class_a_truck_called_car_is_a_vehicle() -> None:
    picture = judged([HERE], [TRUCK], [find("car", 0.9, *HERE)])
    assert average_precision([picture], ["truck"])["AP50"] == 0
    assert average_precision([picture], VEHICLES)["AP50"] == pytest.approx(1)


def test_lower_boxes_can_be_left_out_of_the_count() -> None:
    low = judged([HERE, THERE], [CAR, CAR], [find("car", 0.9, *THERE), find("car", 0.5, *HERE)])
    tall = only_from(low, 60)
    assert average_precision([tall], ["car"])["boxes"] == 1
    assert average_precision([tall], ["car"])["AP50"] == pytest.approx(1)


def test_the_table_has_a_row_for_each_class_and_none_where_there_is_nothing_to_find() -> None:
    text = table("Title", [judged([HERE, THERE], [CAR, TRUCK], [find("car", 0.9, *HERE)])])
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines()}
    assert rows["car"].startswith("| car | 1 | 1.000 |")
    assert rows["truck"].startswith("| truck | 1 | 0.000 |")
    assert rows["bus"].startswith("| bus | 0 | – |")
