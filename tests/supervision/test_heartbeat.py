"""The heartbeat: who is silent for too long, whom slowness excuses, and how a long wait is cut up."""

import pytest

from common.supervision.heartbeat import (
    BEAT_S,
    BLINK_S,
    LONGEST_S,
    SILENCE_S,
    SLOWER,
    START_S,
    Heartbeat,
    wait_with_heartbeat,
)
from threading_impl.stop_signal import StopSignal

LOOK_S = 0.05


class Watch:
    """A heartbeat under a supervisor that looks 20 times a second, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.beats = 0
        self.heartbeat = Heartbeat(lambda: self.now)

    def pass_silently(self, seconds: float) -> bool:
        """Whether it is lost within so many seconds without a beat."""
        end = self.now + seconds
        while self.now < end:
            self.now += LOOK_S
            if self.heartbeat.is_lost(self.beats):
                return True
        return False

    def beat(self) -> bool:
        """Whether it is lost, though it beats."""
        self.beats += 1
        return self.heartbeat.is_lost(self.beats)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_start_may_take_a_minute_and_no_longer(watch: Watch) -> None:
    assert not watch.pass_silently(START_S - 1)
    assert watch.pass_silently(2)


def test_a_role_that_beat_is_lost_after_seconds_of_silence(watch: Watch) -> None:
    watch.beat()
    assert not watch.pass_silently(SILENCE_S - 1)
    assert watch.pass_silently(2)


def test_beats_keep_it_for_ever(watch: Watch) -> None:
    for _ in range(100):
        watch.beat()
        assert not watch.pass_silently(SILENCE_S - 1)


@pytest.mark.parametrize("start_s", [10, 0.5 * START_S])
def test_a_start_that_took_long_excuses_longer_silences(watch: Watch, start_s: float) -> None:
    watch.pass_silently(start_s)
    watch.beat()
    excused_s = min(SLOWER * start_s, LONGEST_S)
    assert not watch.pass_silently(excused_s - 1)
    assert watch.pass_silently(2)


def test_a_quick_start_excuses_nothing(watch: Watch) -> None:
    watch.pass_silently(1)
    watch.beat()
    assert watch.pass_silently(SILENCE_S + 1)


def test_time_in_which_the_supervisor_itself_did_not_look_counts_as_a_blink(watch: Watch) -> None:
    watch.beat()
    for _ in range(int(SILENCE_S / BLINK_S) - 1):
        watch.now += 3600  # suspended
        assert not watch.heartbeat.is_lost(watch.beats)
    assert watch.pass_silently(2 * BLINK_S)


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
