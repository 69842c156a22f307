"""The age of frames at the processor, of processes and of nodes."""

import asyncio
from pathlib import Path

import pytest

from benchmark.measure import processor_age
from benchmark.measure.processor_age import WAYS, AgeRun, measure
from benchmark.measure.viewer import Observation
from tests.support.videos import write_clip


def stats(p50: float, p99: float) -> dict[str, object]:
    return {"percentiles": {"processor_age_ms": {"p50": p50, "p95": p99, "p99": p99}}}


def test_a_row_has_the_median_of_all_windows_and_the_largest_p99() -> None:
    observed = Observation(interval_ms=[1000.0, 1000.0], processing_ms=[1.0] * 9)
    observed.stats = [{"percentiles": {}}, stats(7, 12), stats(8, 31), stats(9, 11)]
    assert AgeRun.of(observed, 0.021).cells() == ["8.0 / 31.0", "4.5", "2"]


@pytest.mark.parametrize("way", WAYS)
def test_ages_are_measured_of_processes_and_of_nodes(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor_age, "WARM_UP_S", 1.0)
    run = asyncio.run(measure(way, str(write_clip(tmp_path / "clip.avi", 60, 30)), seconds=3))
    assert 0 < run.age_p50_ms <= run.age_p99_ms
    assert run.results_per_s > 1
