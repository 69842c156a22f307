"""The report of a meter: everything since the last one, nothing twice."""

import errno
import os
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from common.telemetry.meter import Meter


@pytest.fixture
def meter() -> Meter:
    return Meter("provider")


def test_a_report_contains_everything_since_the_last_one(meter: Meter) -> None:
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


def test_what_is_measured_of_others_is_in_parts_of_the_report() -> None:
    meter = Meter("provider", camera="gate")
    overwritten = 0
    meter.follow_count("overwritten", lambda: overwritten, processor="people")
    overwritten = 2
    meter.count("captured", 30)
    meter.count("queued", processor="people")
    meter.count("queued", 4, processor="cars")
    meter.drop("processor", "too large", processor="cars")
    meter.sample("encode_ms", 1.5, camera="yard")
    report = meter.take_report()
    assert (report.subject, report.counts) == (("gate", None), {"captured": 30})
    assert {part.subject: part.counts for part in report.parts} == {
        ("gate", "people"): {"queued": 1, "overwritten": 2},
        ("gate", "cars"): {"queued": 4},
        ("yard", None): {},
    }
    assert [part.drops for part in report.parts if part.drops] == [{"processor/too large": 1}]
    assert [part.samples for part in report.parts if part.samples] == [{"encode_ms": (1.5,)}]
    assert all(not part.counts.get("queued") for part in meter.take_report().parts)


def test_a_report_names_the_role_and_the_state_of_its_process(meter: Meter) -> None:
    meter.take_report()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    report = meter.take_report()
    assert (report.role, report.pid) == ("provider", os.getpid())
    assert report.gauges["cpu_percent"] > 10
    assert 5 < report.gauges["memory_mb"] < 10_000


def test_a_followed_total_is_reported_by_its_growth(meter: Meter) -> None:
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


def test_a_report_covers_the_time_since_the_last_one() -> None:
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


def test_counts_of_several_threads_are_all_reported(meter: Meter) -> None:
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


def test_gauges_of_a_process_that_cannot_be_read_keep_their_value(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = meter.take_report().gauges

    def fail(_: psutil.Process) -> float:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(psutil.Process, "cpu_percent", fail)
    assert meter.take_report().gauges == before


def test_a_followed_gauge_is_reported_unless_it_is_unknown(meter: Meter) -> None:
    values: Iterator[float | None] = iter((None, 25.0))
    meter.follow_gauge("source_fps", lambda: next(values))
    assert "source_fps" not in meter.take_report().gauges
    assert meter.take_report().gauges["source_fps"] == 25
