"""Ages of frames, when the wall clock is set."""

import pytest

from common.telemetry.frame_age import FrameAge


class Clocks:
    """A wall clock and a monotonic clock that show the same passing time."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.monotonic = 500.0

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def frame_age(clocks: Clocks) -> FrameAge:
    return FrameAge(lambda: clocks.wall, lambda: clocks.monotonic)


def test_an_age_is_in_milliseconds(clocks: Clocks, frame_age: FrameAge) -> None:
    captured_at = clocks.wall
    clocks.pass_time(0.25)
    assert frame_age.age_ms(captured_at) == pytest.approx(250, abs=0.01)


@pytest.mark.parametrize("step_s", [3600, -3600, 1, -1])
def test_a_frame_captured_before_the_clock_was_set_has_no_age_and_the_next_one_has(
    clocks: Clocks, frame_age: FrameAge, step_s: float
) -> None:
    captured_at = clocks.wall
    clocks.pass_time(0.02)
    clocks.wall += step_s
    assert frame_age.age_ms(captured_at) is None
    assert frame_age.age_ms(captured_at) is None
    clocks.pass_time(0.05)
    captured_at = clocks.wall
    clocks.pass_time(0.03)
    assert frame_age.age_ms(captured_at) == pytest.approx(30, abs=0.01)


def test_a_slow_drift_between_the_clocks_is_not_a_step(clocks: Clocks, frame_age: FrameAge) -> None:
    for _ in range(1000):
        captured_at = clocks.wall
        clocks.pass_time(0.1)
        clocks.wall += 0.001
        assert frame_age.age_ms(captured_at) == pytest.approx(101, abs=0.01)


@pytest.mark.parametrize("ahead_s", [0.001, 1e9, -3601, -1e9])
def test_a_frame_of_a_machine_with_another_time_has_no_age(clocks: Clocks, frame_age: FrameAge, ahead_s: float) -> None:
    assert frame_age.age_ms(clocks.wall + ahead_s) is None
