"""Which frame of a clip is due at a given time, and how long to decode when it is late."""

import pytest

from common.capture.playback import MAX_CATCH_UP_S, MAX_LATE_S, Playback


def playback(
    frame_s: float = 0.04, loop_s: float | None = 4.0, decode_s: float = 0.0, *, slow: bool = False
) -> Playback:
    """Return a playback whose first frame is due at 0 s."""
    return Playback(frame_s, loop_s, due_s=0.0, timestamp_s=0.0, decode_s=decode_s, is_slow=slow)


def advance_to(clip: Playback, now_s: float) -> int:
    """Advance to the frame that is due at `now_s` in a clip of 100 frames of 40 ms; return its number."""
    number = round(clip.due_s / 0.04)
    while clip.is_late(now_s):
        number += 1
        clip.advance(number % 100 * 0.04, clip.decode_s)
    return number


@pytest.mark.parametrize(("now_s", "number"), [(0, 0), (0.019, 0), (0.021, 1), (0.4, 10), (4.0, 100), (40.019, 1000)])
def test_the_frame_nearest_to_now_is_due_over_all_loops(now_s: float, number: int) -> None:
    assert advance_to(playback(), now_s) == number


def test_a_frame_is_due_at_its_own_timestamp() -> None:
    clip = playback()
    for timestamp_s in (0.04, 0.54, 0.58):
        clip.advance(timestamp_s, 0)
    assert clip.due_s == pytest.approx(0.58)


@pytest.mark.parametrize("timestamp_s", [0.0, -3.0, 25.0])
def test_a_broken_timestamp_counts_as_one_frame(timestamp_s: float) -> None:
    clip = playback()
    clip.advance(timestamp_s, 0)
    assert clip.due_s == pytest.approx(0.04)
    clip.advance(timestamp_s + 0.04, 0)
    assert clip.due_s == pytest.approx(0.08)


def test_fast_decoding_may_reach_the_frame_that_is_due() -> None:
    clip = playback(decode_s=0.001)
    assert clip.budget_s(1.5, spare_s=0.03) == MAX_CATCH_UP_S
    assert advance_to(clip, 1.5) == 38
    clip.settle(1.5)
    assert not clip.is_slow


@pytest.mark.parametrize(("decode_s", "spare_s"), [(0.03, 0.02), (0.3, 0.02), (0.03, 0.2)])
def test_slow_decoding_uses_the_spare_time_to_the_nearest_frame(decode_s: float, spare_s: float) -> None:
    assert playback(decode_s=decode_s).budget_s(0.5, spare_s) == pytest.approx(spare_s - decode_s / 2)


def test_the_clock_slips_where_slow_decoding_is_too_late() -> None:
    clip = playback(decode_s=0.08)
    clip.settle(3.0)
    assert clip.is_slow
    assert clip.due_s == pytest.approx(3.0 - MAX_LATE_S - 0.04)


def test_decoding_counts_as_slow_until_the_frame_that_is_due_is_reached() -> None:
    clip = playback(decode_s=0.08)
    clip.settle(3.0)
    clip.settle(2.5)
    assert clip.is_slow
    advance_to(clip, 2.5)
    clip.settle(2.5)
    assert not clip.is_slow


@pytest.mark.parametrize("stall_s", [4.4, 3600.4, 8_640_000.4])
def test_after_a_stall_whole_loops_are_skipped(stall_s: float) -> None:
    clip = playback(decode_s=0.001)
    clip.budget_s(stall_s, spare_s=0.03)
    assert stall_s - clip.due_s == pytest.approx(0.4)


@pytest.mark.parametrize(("loop_s", "decode_s"), [(4.0, 0.03), (7200.0, 0.001), (None, 0.001)])
def test_after_a_stall_that_takes_too_long_to_decode_the_clip_continues_where_it_is(
    loop_s: float | None, decode_s: float
) -> None:
    clip = playback(loop_s=loop_s, decode_s=decode_s)
    clip.budget_s(3603.0, spare_s=0.03)
    assert 3603.0 - clip.due_s == pytest.approx(0.04)
    clip.settle(3603.0)
    assert not clip.is_slow


def test_a_stall_while_decoding_is_slow_does_not_count_as_recovered() -> None:
    clip = playback(decode_s=0.08, slow=True)
    clip.budget_s(30.0, spare_s=0.03)
    clip.settle(30.0)
    assert clip.is_slow
