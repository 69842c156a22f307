"""Pacing: rates are exact over a minute at any jitter, and a stall is not followed by a burst."""

import random
from itertools import pairwise

import pytest

from common.pacing import Decimator, Throttle, Ticker
from tests.support.clock import Clock


def ticks(ticker: Ticker, clock: Clock, until: float, work_s: float = 0.0) -> list[float]:
    """Return the times of the ticks of a loop that waits, then works for `work_s`."""
    times = []
    while clock.now < until:
        clock.now += ticker.delay_s()
        times.append(clock.now)
        clock.now += work_s
    return times


@pytest.mark.parametrize("fps", [5, 15, 25, 30])
@pytest.mark.parametrize("work_share", [0.0, 0.5, 0.95])
def test_ticks_keep_their_rate_at_any_duration_of_the_work(fps: float, work_share: float) -> None:
    clock = Clock()
    times = ticks(Ticker(fps, clock), clock, until=160, work_s=work_share / fps)
    assert len(times) == pytest.approx(60 * fps, abs=1)


def test_missed_ticks_are_skipped() -> None:
    clock = Clock()
    ticker = Ticker(10, clock)
    clock.now += 1.04  # ten ticks passed, the eleventh is due in 60 ms
    assert ticker.delay_s() == 0
    assert ticker.delay_s() == pytest.approx(0.06)
    assert ticker.delay_s() == pytest.approx(0.16)  # no time passed: two ticks ahead


def selected(capture_fps: float, fps: float, seconds: float = 60, jitter_s: float = 0.0) -> list[float]:
    """Return the times of the frames that a Decimator selects at `capture_fps`, each up to `jitter_s` late."""
    noise = random.Random(0)
    decimator = Decimator(fps, tolerance_s=0.5 / capture_fps)
    times = [100 + index / capture_fps + noise.uniform(0, jitter_s) for index in range(round(seconds * capture_fps))]
    return [now_s for now_s in times if decimator.due(now_s)]


@pytest.mark.parametrize(("capture_fps", "fps"), [(30, 15), (30, 5), (25, 10), (25, 4), (30, 30), (30, 29), (60, 7)])
@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
def test_the_selected_rate_is_exact_over_a_minute(capture_fps: float, fps: float, jitter_s: float) -> None:
    assert len(selected(capture_fps, fps, jitter_s=jitter_s)) == pytest.approx(60 * fps, abs=1)


def test_half_the_rate_selects_every_second_frame_in_spite_of_jitter() -> None:
    times = selected(30, 15, seconds=10, jitter_s=0.012)
    assert all(0.05 < after - before < 0.08 for before, after in pairwise(times))


def test_a_rate_that_does_not_divide_selects_the_nearest_frames() -> None:
    times = selected(25, 10, seconds=10)
    distances = {round(after - before, 3) for before, after in pairwise(times)}
    assert distances == {0.08, 0.12}


@pytest.mark.parametrize("first_s", [0.0, 0.0167, 0.05, 3.0167])
def test_every_second_frame_is_selected_whenever_the_first_one_arrives(first_s: float) -> None:
    noise = random.Random(0)
    decimator = Decimator(15, tolerance_s=0.5 / 30)
    due = [decimator.due(100 + first_s + index / 30 + noise.uniform(0, 0.006)) for index in range(600)]
    assert due == [True, False] * 300


@pytest.mark.parametrize("drift", [-100e-6, 50e-6])
@pytest.mark.parametrize("jitter_s", [0.002, 0.012])
def test_the_schedule_follows_the_clock_of_the_camera(drift: float, jitter_s: float) -> None:
    times = selected(30 * (1 + drift), 15, seconds=1200, jitter_s=jitter_s)
    assert [1 for before, after in pairwise(times) if not 0.05 < after - before < 0.085] == []


def test_all_frames_of_a_slower_camera_are_selected() -> None:
    decimator = Decimator(15, tolerance_s=0.5 / 30)
    assert all(decimator.due(100 + index / 10) for index in range(50))


def test_a_stall_is_not_followed_by_a_burst() -> None:
    decimator = Decimator(15, tolerance_s=0.5 / 30)
    assert decimator.due(100)
    due = [decimator.due(110 + index / 30) for index in range(30)]  # one second of frames
    assert sum(due) == pytest.approx(15, abs=1)


def test_a_throttle_permits_the_first_event_and_then_one_in_its_period() -> None:
    clock = Clock()
    throttle = Throttle(1, clock)
    permitted = []
    for tenth in range(35):
        clock.now = 100 + tenth / 10
        if throttle.due():
            permitted.append(tenth)
    assert permitted == [0, 10, 20, 30]


def test_a_throttle_after_a_long_pause_permits_one_event() -> None:
    clock = Clock()
    throttle = Throttle(1, clock)
    clock.now += 9.9
    assert [throttle.due(), throttle.due()] == [True, False]
