"""The offset of another clock, with delays that differ, and clocks that are set."""

import pytest

from zenoh_impl.clock_filter import KEPT, ClockFilter, Exchange


def exchange(at: float, offset_s: float, there_s: float = 0.001, back_s: float = 0.001) -> Exchange:
    """Return the exchange of a request at a time, with the delays there and back, and a reply after 2 s."""
    received_at = at + there_s + offset_s
    return Exchange(at, received_at, received_at + 2, at + there_s + 2 + back_s)


def offset_of(clock: ClockFilter) -> float:
    best = clock.best()
    assert best is not None
    return best.offset_s


def test_before_the_first_exchange_the_offset_is_unknown() -> None:
    assert ClockFilter().best() is None


@pytest.mark.parametrize("offset_s", [0.0, 3600.0, -3.0])
def test_equal_delays_give_the_offset(offset_s: float) -> None:
    found = exchange(100, offset_s, 0.02, 0.02)
    assert found.offset_s == pytest.approx(offset_s)
    assert found.delay_s == pytest.approx(0.04)


@pytest.mark.parametrize(("there_s", "back_s"), [(0.2, 0.0), (0.0, 0.2), (0.05, 0.15)])
def test_the_error_is_at_most_half_the_delay(there_s: float, back_s: float) -> None:
    found = exchange(100, 5.0, there_s, back_s)
    assert abs(found.offset_s - 5.0) <= found.delay_s / 2 + 1e-9


def test_of_the_last_exchanges_that_with_the_least_delay_is_used() -> None:
    clock = ClockFilter()
    clock.add(exchange(0, 5.0))
    for number in range(1, KEPT):
        clock.add(exchange(number, 5.0, there_s=0.3))
        assert offset_of(clock) == pytest.approx(5.0)
    clock.add(exchange(KEPT, 5.0, there_s=0.3))
    assert offset_of(clock) != pytest.approx(5.0)


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 0.1])
def test_a_clock_that_is_set_is_followed_at_the_next_exchange(step_s: float) -> None:
    clock = ClockFilter()
    for number in range(KEPT):
        clock.add(exchange(number, 5.0))
    clock.add(exchange(KEPT, 5.0 + step_s, 0.02, 0.02))
    assert offset_of(clock) == pytest.approx(5.0 + step_s)


def test_a_clock_that_is_set_in_the_middle_of_an_exchange_has_no_effect() -> None:
    clock = ClockFilter()
    clock.add(exchange(0, 5.0))
    clock.add(Exchange(10, 15.001, 15.002, 10.003 - 3600))  # set back here
    clock.add(Exchange(20, 25.001, 25.002, 20.003 + 3600))  # set forward here
    assert offset_of(clock) == pytest.approx(5.0)
