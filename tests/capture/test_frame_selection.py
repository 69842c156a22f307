"""Selection of frames: exact rates, and a subset for a processor that is not faster than the viewers."""

import random

import pytest

from common.capture.frame_selection import FrameSelection


@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
@pytest.mark.parametrize(
    ("capture_fps", "ui_fps", "queue_fps"),
    [(30, 15, 5), (30, 30, 30), (30, 15, 11), (30, 7, 5), (25, 10, 4), (60, 15, 1), (30, 5, 10), (30, 7, 11)],
)
def test_rates_are_exact_over_a_minute(capture_fps: float, ui_fps: float, queue_fps: float, jitter_s: float) -> None:
    selection, noise = FrameSelection(capture_fps, ui_fps, (queue_fps,)), random.Random(0)
    times = [100 + index / capture_fps + noise.uniform(0, jitter_s) for index in range(round(60 * capture_fps))]
    due = [selection.due(now_s) for now_s in times]
    assert sum(each.viewers for each in due) == pytest.approx(60 * ui_fps, abs=1)
    assert sum(each.processors[0] for each in due) == pytest.approx(60 * queue_fps, abs=1)
    if queue_fps <= ui_fps:
        assert all(each.viewers for each in due if each.processors[0])


def test_all_frames_of_a_slow_camera_are_for_all() -> None:
    selection = FrameSelection(30, 15, (5, 2))
    assert all(selection.due(index / 2) == (True, (True, True)) for index in range(20))


def test_each_processor_has_a_rate_of_its_own() -> None:
    selection = FrameSelection(30, 15, (5, 2, 20))
    due = [selection.due(100 + index / 30) for index in range(600)]
    counts = [sum(each.processors[number] for each in due) for number in range(3)]
    assert counts == [pytest.approx(count, abs=1) for count in (100, 40, 400)]
    assert all(each.viewers for each in due if any(each.processors[:2]))


def test_a_camera_without_processors_has_viewers() -> None:
    selection = FrameSelection(30, 15, ())
    due = [selection.due(100 + index / 30) for index in range(60)]
    assert sum(each.viewers for each in due) == pytest.approx(30, abs=1)
