"""Pacing: rates are exact over a minute, whatever the jitter, and a stall is never made up for in a burst."""

import random
from itertools import pairwise

import pytest

from common.pacing import Decimator, Throttle, Ticker


class FakeClock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def ticks(ticker: Ticker, clock: FakeClock, until: float, work_s: float = 0.0) -> list[float]:
    """When the ticks come, for a loop that waits, then works for `work_s`."""
    times = []
    while clock.now < until:
        clock.now += ticker.delay_s()
        times.append(clock.now)
        clock.now += work_s
    return times


@pytest.mark.parametrize("fps", [5, 15, 25, 30])
@pytest.mark.parametrize("work_share", [0.0, 0.5, 0.95])
def test_ticks_keep_their_rate_whatever_the_work_takes(fps: float, work_share: float) -> None:
    clock = FakeClock()
    times = ticks(Ticker(fps, clock), clock, until=160, work_s=work_share / fps)
    assert len(times) == pytest.approx(60 * fps, abs=1)


def test_ticks_that_were_missed_are_skipped() -> None:
    clock = FakeClock()
    ticker = Ticker(10, clock)
    clock.now += 1.04  # ten ticks passed, the eleventh is due in 60 ms
    assert ticker.delay_s() == 0
    assert ticker.delay_s() == pytest.approx(0.06)
    assert ticker.delay_s() == pytest.approx(0.16)  # no time passed: two ticks ahead


def passed_on(capture_fps: float, fps: float, seconds: float = 60, jitter_s: float = 0.0) -> list[float]:
    """When a Decimator passes frames on that come at `capture_fps`, each up to `jitter_s` late."""
    clock, noise = FakeClock(), random.Random(0)
    decimator = Decimator(fps, tolerance_s=0.5 / capture_fps, clock=clock)
    times = []
    for index in range(round(seconds * capture_fps)):
        clock.now = 100 + index / capture_fps + noise.uniform(0, jitter_s)
        if decimator.due():
            times.append(clock.now)
    return times


@pytest.mark.parametrize(("capture_fps", "fps"), [(30, 15), (30, 5), (25, 10), (25, 4), (30, 30), (30, 29), (60, 7)])
@pytest.mark.parametrize("jitter_s", [0.0, 0.012])
def test_the_rate_passed_on_is_exact_over_a_minute(capture_fps: float, fps: float, jitter_s: float) -> None:
    assert len(passed_on(capture_fps, fps, jitter_s=jitter_s)) == pytest.approx(60 * fps, abs=1)


def test_half_the_rate_is_every_second_frame_in_spite_of_jitter() -> None:
    times = passed_on(30, 15, seconds=10, jitter_s=0.012)
    assert all(0.05 < after - before < 0.08 for before, after in pairwise(times))


def test_a_rate_that_does_not_divide_takes_the_nearest_frames() -> None:
    times = passed_on(25, 10, seconds=10)
    distances = {round(after - before, 3) for before, after in pairwise(times)}
    assert distances == {0.08, 0.12}


@pytest.mark.parametrize("first_s", [0.0, 0.0167, 0.05, 3.0167])
def test_every_second_frame_is_passed_on_whenever_the_first_one_comes(first_s: float) -> None:
    clock, noise = FakeClock(), random.Random(0)
    decimator = Decimator(15, tolerance_s=0.5 / 30, clock=clock)
    passed = []
    for index in range(600):
        clock.now = 100 + first_s + index / 30 + noise.uniform(0, 0.006)
        if decimator.due():
            passed.append(index)
    assert passed == list(range(0, 600, 2))


@pytest.mark.parametrize("drift", [-100e-6, 50e-6])
@pytest.mark.parametrize("jitter_s", [0.002, 0.012])
def test_a_camera_whose_clock_is_not_ours_is_followed(drift: float, jitter_s: float) -> None:
    times = passed_on(30 * (1 + drift), 15, seconds=1200, jitter_s=jitter_s)
    assert [1 for before, after in pairwise(times) if not 0.05 < after - before < 0.085] == []


def test_frames_from_a_slower_camera_are_all_passed_on() -> None:
    clock = FakeClock()
    decimator = Decimator(15, tolerance_s=0.5 / 30, clock=clock)
    due = []
    for _ in range(50):
        clock.now += 0.1
        due.append(decimator.due())
    assert all(due)


def test_after_a_stall_there_is_no_burst() -> None:
    clock = FakeClock()
    decimator = Decimator(15, tolerance_s=0.5 / 30, clock=clock)
    assert decimator.due()
    clock.now += 10
    taken = 0
    for _ in range(30):  # one second of frames
        taken += decimator.due()
        clock.now += 1 / 30
    assert taken == pytest.approx(15, abs=1)


def test_a_limit_lets_the_first_pass_and_then_one_in_its_period() -> None:
    clock = FakeClock()
    limit = Throttle(1, clock)
    passed = []
    for tenth in range(35):
        clock.now = 100 + tenth / 10
        if limit.due():
            passed.append(tenth)
    assert passed == [0, 10, 20, 30]


def test_a_limit_that_was_not_asked_for_long_lets_no_two_pass() -> None:
    clock = FakeClock()
    limit = Throttle(1, clock)
    clock.now += 9.9
    assert [limit.due(), limit.due()] == [True, False]
