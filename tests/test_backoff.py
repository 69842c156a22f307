"""Exponential back-off: delays that double up to a limit, with jitter."""

from itertools import islice

import pytest

from common.backoff import JITTER, backoff


def test_delays_double_up_to_the_longest() -> None:
    delays_s = backoff(0.5, 3, jitter=lambda: 0.5)
    assert list(islice(delays_s, 5)) == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize(("jitter", "delay_s"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_jitter_is_a_fifth_to_either_side(jitter: float, delay_s: float) -> None:
    assert next(backoff(1, 10, jitter=lambda: jitter)) == pytest.approx(delay_s)


def test_delays_of_two_clients_differ() -> None:
    first, second = (list(islice(backoff(1, 10), 20)) for _ in range(2))
    assert first != second
    assert all(abs(delay_s / min(2**n, 10) - 1) <= JITTER + 1e-9 for n, delay_s in enumerate(first))
