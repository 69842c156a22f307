"""The measured rate of a live source and its read timeout; time is simulated."""

import pytest

from common.capture.arrival_rate import LONGEST_TIMEOUT_S, SETTLED_S, ArrivalRate


def arrive(rate: ArrivalRate, fps: float, count: int, begin_s: float = SETTLED_S) -> float:
    """Add `count` frames at `fps`; return when the last one arrived."""
    for index in range(count):
        rate.add(begin_s + index / fps)
    return begin_s + (count - 1) / fps


@pytest.mark.parametrize("fps", [0.05, 0.5, 12.5, 30, 120])
def test_the_rate_is_measured(fps: float) -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    arrive(rate, fps, 2 + round(5 * fps))
    assert rate.fps == pytest.approx(fps)


def test_frames_buffered_while_opening_do_not_count() -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    for _ in range(8):
        rate.add(0.01)
    assert rate.fps is None
    arrive(rate, 2, 10)
    assert rate.fps == pytest.approx(2)


def test_bursts_do_not_change_the_rate() -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    for index in range(100):
        rate.add(1 + index // 2 / 15)
    assert rate.fps == pytest.approx(30, rel=0.05)


def test_the_rate_follows_the_camera() -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    end_s = arrive(rate, 30, 300)
    arrive(rate, 10, 120, end_s + 0.1)
    assert rate.fps == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(("fps", "timeout_s"), [(30, 5), (1, 5), (0.2, 15), (0.1, 30), (0.01, LONGEST_TIMEOUT_S)])
def test_the_timeout_is_three_periods_but_at_least_the_shortest(fps: float, timeout_s: float) -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    arrive(rate, fps, 6)
    assert rate.timeout_s == pytest.approx(timeout_s)


def test_a_timeout_without_a_known_rate_doubles_the_next_one_up_to_the_longest() -> None:
    rate, timeouts_s = ArrivalRate(5), []
    for _ in range(6):
        rate.restart(0)
        rate.add(SETTLED_S)  # one frame does not give a rate
        timeouts_s.append(rate.timeout_s)
        rate.extend_timeout()
    assert timeouts_s == [5, 10, 20, 40, 60, 60]


def test_a_timeout_of_a_known_rate_does_not_grow() -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    arrive(rate, 30, 30)
    rate.extend_timeout()
    assert rate.timeout_s == 5


def test_the_rate_is_unknown_after_a_reconnection_and_the_timeout_stays() -> None:
    rate = ArrivalRate(5)
    rate.restart(0)
    arrive(rate, 0.1, 6)
    rate.restart(100)
    assert rate.fps is None
    assert rate.timeout_s == pytest.approx(30)
