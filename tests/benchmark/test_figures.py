"""Figures from samples: percentiles, ratios, probable causes, the comparison of two runs."""

import random
from pathlib import Path
from typing import Any

import pytest

from benchmark.arguments import load_earlier
from benchmark.cases import NO_LOAD
from benchmark.quantile import quantile
from benchmark.report.against import against
from benchmark.report.diagnosis import Cause, cause_of, lost_frames, stuttered
from benchmark.report.figures import summarise
from benchmark.results import AnyResults
from common.errors import SettingsError
from tests.support.benchmarks import (
    BASELINE,
    BUSY,
    STUTTERING,
    pipeline_results,
    pipeline_run,
    transport_results,
    transport_run,
    viewers_results,
    viewers_run,
)


@pytest.mark.parametrize(("q", "value"), [(0, 1), (0.5, 51), (0.95, 96), (0.99, 100), (1, 101)])
def test_a_percentile_is_the_value_of_the_nearest_rank(q: float, value: float) -> None:
    values = list(range(1, 102))
    random.Random(0).shuffle(values)
    assert quantile(values, q) == value


def test_the_percentile_without_values_is_0() -> None:
    assert quantile([], 0.5) == 0


def test_the_samples_of_all_runs_of_a_case_are_pooled() -> None:
    results = pipeline_results()
    slow = pipeline_run("threading", round=2, interval_ms=(200.0,) * 50, memory_mb=130)
    figures = summarise(results.model_copy(update={"runs": (*results.runs, slow)}))["threading", "none"]
    assert figures["interval p50"] == 67  # 60 even intervals, and 50 of 200 ms
    assert figures["interval p99"] == 200
    assert figures["memory MB"] == 120
    assert figures["UI FPS, worst run"] == 5


def test_the_rate_is_counted_over_whole_intervals() -> None:
    figures = summarise(pipeline_results(pipeline_run("threading", interval_ms=(50.0,) * 7)))
    assert figures["threading", "none"]["UI FPS"] == pytest.approx(20)


def test_ratios_are_to_settings_and_baseline() -> None:
    figures = summarise(pipeline_results(pipeline_run("threading", "inference ×5", inference_ms=(110.0,) * 20)))
    plain, five = figures["threading", "none"], figures["threading", "inference ×5"]
    assert plain["UI rate ÷ requested"] == pytest.approx(1, abs=0.01)
    assert plain["interval p99 ÷ period"] == pytest.approx(67 * 15 / 1000)
    assert plain["frame age p50 ÷ (encode + echo)"] == 4 / (BASELINE.encode_ms + BASELINE.echo_ms)
    assert plain["inference p50 ÷ session.run"] == five["inference p50 ÷ session.run"] == pytest.approx(1.1)
    assert plain["processing ÷ inference"] == pytest.approx(24 / 22)


def test_cpu_beyond_inference_excludes_repeated_inferences() -> None:
    figures = summarise(pipeline_results(pipeline_run("threading", "inference ×5", cpu={"all roles": 0.75})))
    # 20 results in 3.99 s, of 20 ms CPU each, and of five times as much.
    assert figures["threading", "none"]["CPU beyond inference %"] == pytest.approx(25 - 10, abs=0.1)
    assert figures["threading", "inference ×5"]["CPU beyond inference %"] == pytest.approx(75 - 50, abs=0.2)


def test_cases_are_ordered_by_workload_and_by_number() -> None:
    cases = list(summarise(pipeline_results()))
    assert cases[:3] == [("multiprocessing", "none"), ("threading", "none"), ("multiprocessing", "inference ×5")]
    counts = [viewers_run("threading", (15.0,) * (count - 1)) for count in (50, 200, 10, 2)]
    assert [case[1] for case in summarise(viewers_results(*counts))] == ["2", "10", "50", "200"]


def test_the_figures_of_a_queue_are_relative_to_memcpy_and_to_all_puts() -> None:
    run = transport_run("q", (0.1, 0.1, 0.3, 0.2), puts=3, refused=1, overwritten=2)
    (figures,) = summarise(transport_results(run)).values()
    assert figures["put p50"] == 0.2
    assert figures["put ÷ memcpy"] == pytest.approx(4)
    assert (figures["refused %"], figures["overwritten %"]) == (25, 50)


def test_the_figure_of_many_viewers_is_that_of_the_slowest() -> None:
    (figures,) = summarise(viewers_results(viewers_run("threading", (15.0, 9.0, 14.0)))).values()
    assert figures["slowest UI FPS"] == 9


def cause(workload: str, *, implementation: str = "threading", gil_is_enabled: bool = True, **changes: Any) -> Cause:
    """Return the probable cause for one case of which the run is changed."""
    figures = summarise(pipeline_results(pipeline_run(implementation, workload, **changes)))
    return cause_of(figures[implementation, workload], 15, gil_is_enabled)


def test_an_even_stream_neither_stutters_nor_loses_frames() -> None:
    for figures in summarise(pipeline_results()).values():
        assert not stuttered(figures, 15)
        assert not lost_frames(figures, 15)
        assert cause_of(figures, 15, gil_is_enabled=True) is Cause.NONE


def test_stutter_and_loss_are_those_of_one_case() -> None:
    uneven = summarise(pipeline_results(pipeline_run("threading", "Python 100 ms", interval_ms=STUTTERING)))
    assert [case for case, figures in uneven.items() if stuttered(figures, 15)] == [("threading", "Python 100 ms")]
    assert [case for case, figures in uneven.items() if lost_frames(figures, 15)] == [("threading", "Python 100 ms")]


def test_stutter_is_found_with_processes_as_well() -> None:
    assert cause(NO_LOAD, implementation="multiprocessing", interval_ms=STUTTERING) is not Cause.NONE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gil_delay_ms": 6.0}, Cause.GIL),
        ({"gil_delay_ms": 40.0, "background": BUSY}, Cause.MACHINE),
        ({"gil_delay_ms": 40.0, "cpu": {"all roles": 1.8}}, Cause.MACHINE),
        ({"gil_delay_ms": 0.3}, Cause.UNKNOWN),
    ],
)
def test_the_gil_is_the_cause_only_if_it_was_waited_for_while_cores_were_free(
    changes: dict[str, Any], expected: Cause
) -> None:
    assert cause("Python 100 ms", interval_ms=STUTTERING, **changes) is expected


def test_the_gil_is_not_the_cause_when_it_is_disabled() -> None:
    delayed = cause("Python 100 ms", interval_ms=STUTTERING, gil_delay_ms=40.0, gil_is_enabled=False)
    assert delayed is Cause.LATE_THREADS


def test_a_wait_for_the_gil_without_loss_or_stutter_is_no_cause() -> None:
    assert cause("Python 50 ms", gil_delay_ms=40.0) is Cause.NONE


def test_a_run_against_itself_is_1_everywhere() -> None:
    results = pipeline_results()
    table = against(results, results).table
    assert table is not None
    assert len(table.rows) == 10
    assert {value for row in table.rows for value in row[1:]} == {"1.00"}


def test_the_comparison_states_ratios_the_baseline_and_different_settings() -> None:
    now = pipeline_results(pipeline_run("threading", memory_mb=220))
    slower = now.baseline.model_copy(update={"session_run_ms": 40})
    section = against(now.model_copy(update={"baseline": slower}), pipeline_results())
    assert section.table is not None
    column = section.table.header.index("memory MB")
    memory = {row[0]: row[column] for row in section.table.rows}
    assert (memory["threads, none"], memory["processes, none"]) == ("2.00", "1.00")
    assert "session.run 2.00" in section.text
    assert "Different settings" not in section.text


def test_the_comparison_omits_cases_that_were_not_measured_before() -> None:
    then = viewers_results(viewers_run("threading", (15.0,)))
    now = viewers_results(viewers_run("threading", (15.0,)), viewers_run("threading", (15.0,) * 9))
    table = against(now, then).table
    assert table is not None
    assert [row[0] for row in table.rows] == ["threads, 2, 1"]


@pytest.mark.parametrize("earlier", [transport_results(), viewers_results()])
def test_results_of_another_suite_are_refused(earlier: AnyResults, tmp_path: Path) -> None:
    (tmp_path / "then.json").write_text(earlier.model_dump_json(), encoding="utf-8")
    with pytest.raises(SettingsError, match=f"of `bench {earlier.kind}`, not of `bench pipeline`"):
        load_earlier(tmp_path / "then.json", "pipeline")
