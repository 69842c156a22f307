"""The probe of the GIL: how late a thread runs again after a wait."""

import itertools
import statistics
import threading

import pytest

from common.telemetry.gil_probe import PROBE_FPS, gil_delays_ms


def test_the_delay_is_the_time_beyond_the_requested_wait() -> None:
    now = 100.0
    lateness_s = iter((0.0, 0.004, 0.0))

    def wait(duration_s: float) -> bool:
        nonlocal now
        now += duration_s + next(lateness_s)
        return False

    delays = list(itertools.islice(gil_delays_ms(wait, lambda: now), 3))
    assert delays == pytest.approx([0, 4, 0])
    assert now == pytest.approx(100 + 3 / PROBE_FPS)  # on schedule


def test_it_ends_when_the_wait_returns_true() -> None:
    ended = threading.Event()
    ended.set()
    assert list(gil_delays_ms(ended.wait)) == []


def test_pure_python_in_another_thread_delays_this_one() -> None:
    # The least of several: other work on the machine delays this thread too.
    free_ms = min(median_delay_ms() for _ in range(3))
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            pass

    busy = threading.Thread(target=work)
    busy.start()
    try:
        held_ms = median_delay_ms()
    finally:
        ended.set()
        busy.join()
    assert held_ms > 3 * free_ms  # the switch interval of the GIL, 5 ms, and about 0.1 ms


def median_delay_ms() -> float:
    """Measure for half a second."""
    return statistics.median(itertools.islice(gil_delays_ms(threading.Event().wait), int(PROBE_FPS / 2)))
