"""The board of statistics: rates and times over the last seconds, by camera and processor; time is simulated."""

import numpy as np
import pytest

from common.messaging.report import Measurements, MetricsReport, Subject
from common.server.stats import StatsBoard
from common.server.window import percentiles
from tests.support.clock import Clock
from tests.support.exposition import samples
from tests.support.reports import PROCESSOR, PROVIDER


def captured(count: float, duration_s: float = 1) -> MetricsReport:
    return MetricsReport(role="provider", pid=1, duration_s=duration_s, counts={"captured": count})


def test_a_rate_is_taken_over_the_last_five_seconds() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    rates = []
    for count in (30, 30, 30, 30, 30, 10, 10, 10, 10, 10):
        clock.now += 1
        board.add(captured(count))
        rates.append(board.stats(0).rates["captured"])
    assert rates == [30, 30, 30, 30, 30, 26, 22, 18, 14, 10]
    assert board.stats(0).counters["captured"] == 200


@pytest.mark.parametrize("first_s", [0.3, 1.0, 1.7, 12.0])
def test_rate_is_correct_from_the_first_report_whatever_its_duration(first_s: float) -> None:
    clock = Clock()
    board = StatsBoard(clock)
    clock.now += 0.2  # the server started after the role
    board.add(captured(25 * first_s, first_s))
    for delay_s in (0.3, 1.9, 0.8, 1.0, 1.1, 0.9, 1.0):
        assert board.stats(0).rates["captured"] == pytest.approx(25)
        clock.now += delay_s
        board.add(captured(25))


def test_role_that_stopped_reporting_has_no_rate() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    clock.now += 1
    board.add(captured(30))
    assert board.flows("captured", 30, ["main"])
    clock.now += 5.1
    assert not board.flows("captured", 30, ["main"])
    stats = board.stats(0)
    assert stats.rates.get("captured", 0) == 0
    assert stats.roles == {}
    assert stats.counters["captured"] == 30


def test_metrics_of_a_stopped_role_are_rates_of_zero_and_no_cpu_or_memory() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    clock.now += 1
    board.add(PROVIDER)
    of_the_role = {("vision_cpu_cores", "provider"), ("vision_memory_bytes", "provider")}
    metrics = samples(board.prometheus_text(0).decode())
    assert metrics["vision_rate_fps", "captured"] == 30
    assert of_the_role <= metrics.keys()
    clock.now += 5.1
    metrics = samples(board.prometheus_text(0).decode())
    assert metrics["vision_rate_fps", "captured"] == 0
    assert not of_the_role & metrics.keys()


def test_stage_flows_with_one_frame_in_ten_seconds_if_that_is_its_rate() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    assert not board.flows("captured", 0.1, ["main"])
    board.add(captured(1))
    board.add(captured(0))
    clock.now += 29
    assert board.flows("captured", 0.1, ["main"])
    clock.now += 2
    board.add(captured(0))
    assert not board.flows("captured", 0.1, ["main"])


def test_rates_and_times_are_also_by_camera_and_by_processor() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    for name, count in (("gate", 30), ("yard", 10)):
        board.add(
            PROVIDER.model_copy(update={"role": f"provider {name}", "camera": name, "counts": {"captured": count}})
        )
    for worker in (1, 2):
        board.add(PROCESSOR.model_copy(update={"role": f"processor people {worker}", "processor": "people"}))
    stats = board.stats(0)
    assert stats.rates == {"captured": 40, "taken": 10, "processed": 10}
    assert {name: each["rates"] for name, each in stats.cameras.items()} == {
        "gate": {"captured": 30},
        "yard": {"captured": 10},
    }
    assert stats.processors["people"]["rates"] == {"taken": 10, "processed": 10}
    assert stats.processors["people"]["percentiles"]["inference_ms"]["p50"] == 9
    clock.now += 6
    assert (board.stats(0).cameras, board.stats(0).processors) == ({}, {})


def test_what_a_role_measured_of_others_is_theirs() -> None:
    board = StatsBoard(Clock())
    board.add(
        MetricsReport(
            role="provider",
            camera="gate",
            pid=1,
            duration_s=1,
            counts={"captured": 30},
            parts=(
                Measurements(camera="gate", processor="people", counts={"queued": 5}),
                Measurements(camera="gate", processor="cars", counts={"queued": 10}, drops={"processor/too large": 1}),
            ),
        )
    )
    stats = board.stats(0)
    assert stats.rates == {"captured": 30, "queued": 15}
    assert stats.cameras["gate"]["rates"] == {"captured": 30, "queued": 15}
    assert {name: each["rates"] for name, each in stats.processors.items()} == {
        "people": {"queued": 5},
        "cars": {"queued": 10},
    }
    found = samples(board.prometheus_text(0).decode())
    assert found["vision_frames_total", "captured", "gate"] == 30
    assert found["vision_frames_total", "queued", "people", "gate"] == 5
    assert found["vision_rate_fps", "queued", "cars", "gate"] == 10
    assert found["vision_drops_total", "cars", "processor", "too large", "gate"] == 1


def test_known_series_exist_before_their_first_event() -> None:
    board = StatsBoard(Clock(), ("gate", "yard"), (Subject("gate", "people"),))
    found = samples(board.prometheus_text(0).decode())
    for camera in ("gate", "yard"):
        assert found["vision_frames_total", "captured", camera] == 0
        assert found["vision_drops_total", "viewer", "slow", camera] == 0
        assert found["vision_drops_total", "provider", "cannot be decoded", camera] == 0
        assert found["vision_restarts_total", "provider", camera] == 0
    assert found["vision_frames_total", "processed", "people", "gate"] == 0
    assert found["vision_restarts_total", "people", "processor"] == 0
    assert found["vision_drops_total", "log", "not read"] == 0


def test_reports_older_than_the_window_are_discarded() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    for value in range(100):
        clock.now += 1
        board.add(MetricsReport(role="processor", pid=1, duration_s=1, samples={"inference_ms": (float(value),)}))
    assert board.stats(0).percentiles["inference_ms"] == {"p50": 97, "p95": 99, "p99": 99}


@pytest.mark.parametrize("size", [1, 2, 3, 10, 99, 100, 101, 1000])
def test_percentiles_are_those_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).lognormal(3, 1, size)
    found = percentiles(values.tolist())
    for q in (50, 95, 99):
        nearest = {np.percentile(values, q, method=method).round(2) for method in ("lower", "higher")}
        assert found[f"p{q}"] in nearest
