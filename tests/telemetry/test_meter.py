"""What a role measures of itself: nothing twice, nothing lost, and the GIL's delay where there is one."""

import os
import statistics
import threading
import time
from queue import Queue

import pytest

from common.messaging.messages import MetricsReport
from common.telemetry.meter import Meter, Reporter
from tests.support.roles import PATIENCE_S


@pytest.fixture
def meter() -> Meter:
    return Meter("provider")


def test_a_report_holds_what_came_since_the_one_before(meter: Meter) -> None:
    meter.count("captured")
    meter.count("captured", 2)
    meter.drop("server", "socket busy")
    meter.sample("encode_ms", 1.5)
    meter.sample("encode_ms", 2.5)
    first = meter.take_report()
    assert (first.counts, first.drops, first.samples) == (
        {"captured": 3},
        {"server/socket busy": 1},
        {"encode_ms": (1.5, 2.5)},
    )
    meter.count("captured")
    second = meter.take_report()
    assert (second.counts, second.drops, second.samples) == ({"captured": 1}, {}, {})


def test_a_report_says_who_measured_and_how_its_process_is(meter: Meter) -> None:
    meter.take_report()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    report = meter.take_report()
    assert (report.role, report.pid) == ("provider", os.getpid())
    assert report.gauges["cpu_percent"] > 10
    assert 5 < report.gauges["memory_mb"] < 10_000


def test_a_total_that_is_followed_is_reported_by_its_growth(meter: Meter) -> None:
    taken, lost = 100, 50
    meter.follow_count("taken", lambda: taken)
    meter.follow_drop("processor", "overwritten", lambda: lost)
    taken, lost = taken + 7, lost + 1
    report = meter.take_report()
    assert (report.counts, report.drops) == ({"taken": 7}, {"processor/overwritten": 1})
    taken += 2
    report = meter.take_report()
    assert report.counts["taken"] == 2
    assert report.drops.get("processor/overwritten", 0) == 0


def test_a_report_covers_the_time_since_the_one_before() -> None:
    now = 100.0
    meter = Meter("provider", clock=lambda: now)
    now = 101.0
    meter.start()
    now = 102.5
    assert meter.take_report().duration_s == 1.5
    now = 103.25
    assert meter.take_report().duration_s == 0.75


def test_the_age_of_a_frame_is_a_sample(meter: Meter) -> None:
    meter.sample_age("paint_age_ms", time.time() - 0.5)
    meter.sample_age("paint_age_ms", time.time() + 3600)  # captured before the clock was set back
    (age_ms,) = meter.take_report().samples["paint_age_ms"]
    assert age_ms >= 500


def test_counts_of_several_threads_all_arrive(meter: Meter) -> None:
    def count() -> None:
        for _ in range(5000):
            meter.count("sent")
            meter.drop("server", "busy")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    reports = []
    while any(thread.is_alive() for thread in threads):
        reports.append(meter.take_report())
    reports.append(meter.take_report())
    assert sum(report.counts.get("sent", 0) for report in reports) == 20_000
    assert sum(report.drops.get("server/busy", 0) for report in reports) == 20_000


def test_a_report_comes_once_a_second(meter: Meter) -> None:
    reports: Queue[float] = Queue()
    started = time.monotonic()
    with Reporter(meter, lambda _: reports.put(time.monotonic()), lambda: True):
        times = [reports.get(timeout=PATIENCE_S) for _ in range(3)]
    assert 0.8 < (times[-1] - started) / 3 < 1.5


def test_nothing_is_lost_while_no_report_would_arrive(meter: Meter) -> None:
    reports: Queue[MetricsReport] = Queue()
    wanted = threading.Event()
    with Reporter(meter, reports.put, wanted.is_set):
        meter.count("captured", 5)
        time.sleep(1.3)  # longer than from one report to the next
        assert reports.empty()
        meter.count("captured", 2)
        wanted.set()
        report = reports.get(timeout=PATIENCE_S)
    assert report.counts == {"captured": 7}
    assert len(report.samples["gil_delay_ms"]) > 20


def test_reports_do_not_come_in_a_burst_after_a_time_without(meter: Meter) -> None:
    times: Queue[float] = Queue()
    wanted = threading.Event()
    with Reporter(meter, lambda _: times.put(time.monotonic()), wanted.is_set):
        time.sleep(2.2)
        wanted.set()
        first, second = times.get(timeout=PATIENCE_S), times.get(timeout=PATIENCE_S)
    assert second - first > 0.5


def test_the_reporter_ends_with_its_block(meter: Meter) -> None:
    with Reporter(meter, lambda _: None, lambda: False):
        assert "reporter" in names_of_threads()
    assert "reporter" not in names_of_threads()


def test_pure_python_in_another_thread_shows_as_delay_of_the_gil() -> None:
    free = median_delay_ms()
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            pass

    busy = threading.Thread(target=work)
    busy.start()
    try:
        held = median_delay_ms()
    finally:
        ended.set()
        busy.join()
    assert held > 3 * free  # 5 ms, the GIL's switch interval, against some 0.1


def median_delay_ms() -> float:
    """The GIL's delay as one reporter measures it in its first second."""
    reports: Queue[MetricsReport] = Queue()
    with Reporter(Meter("processor"), reports.put, lambda: True):
        return statistics.median(reports.get(timeout=PATIENCE_S).samples["gil_delay_ms"])


def names_of_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}
