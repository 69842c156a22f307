"""Heartbeats: sent throughout a wait, and missed by the watchdog after a time that allows for slow machines."""

import pytest

from common.supervision.heartbeat import (
    BEAT_S,
    MAX_STEP_S,
    MAX_TIMEOUT_S,
    SLOW_FACTOR,
    START_TIMEOUT_S,
    TIMEOUT_S,
    Watchdog,
    wait_with_heartbeat,
)
from threading_impl.stop_signal import StopSignal

CHECK_EVERY_S = 0.05


class Watched:
    """A watchdog with a simulated clock, checked 20 times a second."""

    def __init__(self) -> None:
        self.now = 100.0
        self.beats = 0
        self.watchdog = Watchdog(lambda: self.now)

    def expires_within(self, seconds: float) -> bool:
        """Check for so many seconds without a heartbeat, or until the watchdog expires."""
        end = self.now + seconds
        while self.now < end:
            self.now += CHECK_EVERY_S
            if self.watchdog.is_expired(self.beats):
                return True
        return False

    def beat(self) -> None:
        self.beats += 1
        assert not self.watchdog.is_expired(self.beats)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_start_may_take_a_minute_and_no_longer(watched: Watched) -> None:
    assert not watched.expires_within(START_TIMEOUT_S - 1)
    assert watched.expires_within(2)


def test_after_the_first_heartbeat_the_timeout_is_seconds(watched: Watched) -> None:
    watched.beat()
    assert not watched.expires_within(TIMEOUT_S - 1)
    assert watched.expires_within(2)


def test_it_does_not_expire_while_heartbeats_arrive(watched: Watched) -> None:
    for _ in range(100):
        watched.beat()
        assert not watched.expires_within(TIMEOUT_S - 1)


@pytest.mark.parametrize("start_s", [10, 0.5 * START_TIMEOUT_S])
def test_a_long_start_extends_the_timeout(watched: Watched, start_s: float) -> None:
    watched.expires_within(start_s)
    watched.beat()
    timeout_s = min(SLOW_FACTOR * start_s, MAX_TIMEOUT_S)
    assert not watched.expires_within(timeout_s - 1)
    assert watched.expires_within(2)


def test_a_short_start_does_not_extend_the_timeout(watched: Watched) -> None:
    watched.expires_within(1)
    watched.beat()
    assert watched.expires_within(TIMEOUT_S + 1)


def test_time_without_checks_counts_as_one_step(watched: Watched) -> None:
    watched.beat()
    for _ in range(int(TIMEOUT_S / MAX_STEP_S) - 1):
        watched.now += 3600  # the machine was suspended
        assert not watched.watchdog.is_expired(watched.beats)
    assert watched.expires_within(2 * MAX_STEP_S)


class RecordingStop(StopSignal):
    """Records its waits and the number of heartbeats before each; set during the wait numbered `set_in`."""

    def __init__(self, set_in: int | None = None) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self.beats_before: list[int] = []
        self._set_in = set_in

    def wait(self, timeout_s: float | None = None) -> bool:
        assert timeout_s is not None
        self.waits_s.append(timeout_s)
        self.beats_before.append(self.beats())
        return len(self.waits_s) == self._set_in


def test_a_long_wait_beats_before_each_step_and_the_steps_add_up_to_it() -> None:
    stop = RecordingStop()
    assert wait_with_heartbeat(stop, 1.2) is False
    assert stop.waits_s == [BEAT_S, BEAT_S, pytest.approx(1.2 - 2 * BEAT_S)]
    assert stop.beats_before == [1, 2, 3]


@pytest.mark.parametrize("timeout_s", [0, -1])
def test_a_wait_of_no_time_is_one_heartbeat_and_one_check(timeout_s: float) -> None:
    stop = RecordingStop()
    assert wait_with_heartbeat(stop, timeout_s) is False
    assert (stop.waits_s, stop.beats_before) == ([0], [1])


def test_a_wait_without_a_limit_goes_on_until_stop_is_set() -> None:
    stop = RecordingStop(set_in=1000)
    assert wait_with_heartbeat(stop) is True
    assert stop.waits_s == [BEAT_S] * 1000
