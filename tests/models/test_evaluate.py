"""Average precision by models.training.evaluate."""

import numpy as np
import pytest

from common.messaging.messages import Detection
from models.training.detector.data import CLASSES, IGNORED
from models.training.evaluate import VEHICLES, EvaluatedImage, average_precision, of_height, table

CAR, TRUCK = CLASSES.index("car"), CLASSES.index("truck")
EVERYTHING = frozenset(CLASSES)


def evaluated(
    boxes: list[tuple[float, float, float, float]],
    kinds: list[int],
    found: list[Detection],
    labelled: frozenset[str] = EVERYTHING,
) -> EvaluatedImage:
    """Return an image of 200 × 100 px."""
    return EvaluatedImage(
        (200, 100), np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds, np.int64), found, labelled
    )


def detection(label: str, score: float, x1: float, y1: float, x2: float, y2: float) -> Detection:
    """Return a detection; its box is in pixels of an image of 200 × 100 px."""
    return Detection(label, score, (x1 / 200, y1 / 100, x2 / 200, y2 / 100))


HERE, THERE = (10.0, 10.0, 50.0, 50.0), (100.0, 20.0, 180.0, 90.0)


def test_all_objects_and_no_false_detections_give_1() -> None:
    image = evaluated([HERE, THERE], [CAR, CAR], [detection("car", 0.9, *HERE), detection("car", 0.4, *THERE)])
    row = average_precision([image], ["car"])
    assert row["boxes"] == 2
    assert row["AP50"] == pytest.approx(1)
    assert row["AP50:95"] == pytest.approx(1)


def test_half_of_the_objects_gives_one_half() -> None:
    row = average_precision([evaluated([HERE, THERE], [CAR, CAR], [detection("car", 0.9, *HERE)])], ["car"])
    assert row["AP50"] == pytest.approx(0.5, abs=0.01)


def test_an_inaccurate_box_counts_at_low_iou_only() -> None:
    row = average_precision([evaluated([HERE], [CAR], [detection("car", 0.9, 10, 10, 50, 36)])], ["car"])  # IoU 0.65
    assert row["AP50"] == pytest.approx(1)
    assert 0 < row["AP50:95"] < 0.5


def test_a_false_detection_with_a_higher_score_lowers_the_precision() -> None:
    image = evaluated([HERE], [CAR], [detection("car", 0.9, *THERE), detection("car", 0.4, *HERE)])
    assert average_precision([image], ["car"])["AP50"] == pytest.approx(0.5)


def test_detections_in_an_ignored_region_are_neither_true_nor_false() -> None:
    image = evaluated(
        [HERE, THERE], [CAR, IGNORED], [detection("car", 0.9, 110, 30, 150, 80), detection("car", 0.4, *HERE)]
    )
    row = average_precision([image], ["car"])
    assert row["boxes"] == 1
    assert row["AP50"] == pytest.approx(1)


def test_an_image_in_which_the_class_is_not_labelled_is_excluded() -> None:
    good = evaluated([HERE], [CAR], [detection("car", 0.5, *HERE)])
    unlabelled = evaluated([], [], [detection("car", 0.9, *THERE)], frozenset({"person"}))
    assert average_precision([good, unlabelled], ["car"])["AP50"] == pytest.approx(1)
    labelled = evaluated([], [], [detection("car", 0.9, *THERE)])
    assert average_precision([good, labelled], ["car"])["AP50"] == pytest.approx(0.5)


def test_as_one_class_a_truck_detected_as_a_car_is_a_vehicle() -> None:
    image = evaluated([HERE], [TRUCK], [detection("car", 0.9, *HERE)])
    assert average_precision([image], ["truck"])["AP50"] == 0
    assert average_precision([image], VEHICLES)["AP50"] == pytest.approx(1)


@pytest.mark.parametrize("heights", [(60,), (60, 71), (30, 60)])
def test_boxes_of_other_heights_can_be_excluded(heights: tuple[float, ...]) -> None:
    both = evaluated([HERE, THERE], [CAR, CAR], [detection("car", 0.9, *THERE), detection("car", 0.5, *HERE)])
    one = of_height(both, *heights)
    assert average_precision([one], ["car"])["boxes"] == 1
    assert average_precision([one], ["car"])["AP50"] == pytest.approx(1)


def test_the_table_has_a_row_for_each_class_and_a_dash_without_boxes() -> None:
    text = table("Title", [evaluated([HERE, THERE], [CAR, TRUCK], [detection("car", 0.9, *HERE)])])
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines()}
    assert rows["car"].startswith("| car | 1 | 1.000 |")
    assert rows["truck"].startswith("| truck | 1 | 0.000 |")
    assert rows["bus"].startswith("| bus | 0 | – |")
