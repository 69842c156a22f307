"""The thread that sends reports: once a second, without loss while nothing is connected."""

import threading
import time
from itertools import pairwise
from queue import Queue
from statistics import median

import pytest

from common.messaging.report import MetricsReport
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter
from tests.support.roles import PATIENCE_S


@pytest.fixture
def meter() -> Meter:
    return Meter("provider")


def test_a_report_is_sent_once_a_second(meter: Meter) -> None:
    reports: Queue[float] = Queue()
    with Reporter(meter, lambda _: reports.put(time.monotonic()), lambda: True):
        times = [reports.get(timeout=PATIENCE_S) for _ in range(4)]
    assert 0.8 < median(later - earlier for earlier, later in pairwise(times)) < 1.5


def test_counts_are_kept_while_nothing_is_connected(meter: Meter) -> None:
    reports: Queue[MetricsReport] = Queue()
    connected = threading.Event()
    with Reporter(meter, reports.put, connected.is_set):
        meter.count("captured", 5)
        time.sleep(1.3)  # longer than the period of reports
        assert reports.empty()
        meter.count("captured", 2)
        connected.set()
        report = reports.get(timeout=PATIENCE_S)
    assert report.counts == {"captured": 7}
    assert len(report.samples["gil_delay_ms"]) > 20


def test_missed_reports_are_not_sent_in_a_burst(meter: Meter) -> None:
    times: Queue[float] = Queue()
    connected = threading.Event()
    with Reporter(meter, lambda _: times.put(time.monotonic()), connected.is_set):
        time.sleep(3.2)  # in which three are missed
        connected.set()
        first, _, third = (times.get(timeout=PATIENCE_S) for _ in range(3))
    assert third - first > 0.5


def test_the_thread_ends_with_its_block(meter: Meter) -> None:
    with Reporter(meter, lambda _: None, lambda: False):
        assert "reporter" in names_of_threads()
    assert "reporter" not in names_of_threads()


def names_of_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}
