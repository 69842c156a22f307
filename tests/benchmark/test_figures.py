"""From samples to figures and to what is said of them: percentiles, ratios, causes, the comparison of two runs."""

import random

import pytest

from benchmark.quantile import quantile
from benchmark.report import diagnosis as causes
from benchmark.report.against import against, check_comparable
from benchmark.report.figures import summarise
from benchmark.results import AnyResults
from common.errors import SettingsError
from tests.support.benchmarks import (
    BUSY,
    LIMITS,
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


def test_the_percentile_of_nothing_is_0() -> None:
    assert quantile([], 0.5) == 0


def test_the_samples_of_all_runs_of_a_cell_count_together() -> None:
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


def test_ratios_are_to_what_is_possible() -> None:
    figures = summarise(pipeline_results(pipeline_run("threading", "inference ×5", inference_ms=(110.0,) * 20)))
    plain, five = figures["threading", "none"], figures["threading", "inference ×5"]
    assert plain["UI rate ÷ asked"] == pytest.approx(1, abs=0.01)
    assert plain["interval p99 ÷ period"] == pytest.approx(67 * 15 / 1000)
    assert plain["frame age p50 ÷ (encode + echo)"] == 4 / (LIMITS.encode_ms + LIMITS.echo_ms)
    assert plain["inference p50 ÷ session.run"] == five["inference p50 ÷ session.run"] == pytest.approx(1.1)
    assert plain["processing ÷ inference"] == pytest.approx(24 / 22)


def test_cpu_beyond_inference_leaves_out_every_inference_that_was_run() -> None:
    figures = summarise(pipeline_results(pipeline_run("threading", "inference ×5", cpu={"all roles": 0.75})))
    # 20 results in 3.99 s, of 20 ms CPU each, and of five times as much.
    assert figures["threading", "none"]["CPU beyond inference %"] == pytest.approx(25 - 10, abs=0.1)
    assert figures["threading", "inference ×5"]["CPU beyond inference %"] == pytest.approx(75 - 50, abs=0.2)


def test_cells_stand_in_the_order_of_the_plan() -> None:
    cells = list(summarise(pipeline_results()))
    assert cells[:3] == [("multiprocessing", "none"), ("threading", "none"), ("multiprocessing", "inference ×5")]
    counts = [viewers_run("threading", (15.0,) * (count - 1)) for count in (50, 200, 10, 2)]
    assert [cell[1] for cell in summarise(viewers_results(*counts))] == ["2", "10", "50", "200"]


def test_a_queue_is_measured_by_its_puts_against_memcpy() -> None:
    run = transport_run("q", (0.1, 0.1, 0.3, 0.2), puts=3, refused=1, overwritten=2)
    (figures,) = summarise(transport_results(run)).values()
    assert figures["put p50"] == 0.2
    assert figures["put ÷ memcpy"] == pytest.approx(4)
    assert (figures["refused %"], figures["overwritten %"]) == (25, 50)


def test_of_many_viewers_the_slowest_counts() -> None:
    (figures,) = summarise(viewers_results(viewers_run("threading", (15.0, 9.0, 14.0)))).values()
    assert figures["slowest UI FPS"] == 9


def test_threads_are_said_to_stutter_only_if_they_did() -> None:
    even = summarise(pipeline_results())
    assert "Threads stuttered nowhere" in causes.of_intervals(even, 15)
    assert "Threads kept 15 FPS under every workload" in causes.of_ui_rate(even, 15)
    uneven = summarise(pipeline_results(pipeline_run("threading", "Python 100 ms", interval_ms=STUTTERING)))
    assert "Threads stuttered with Python 100 ms (180 ms)" in causes.of_intervals(uneven, 15)
    assert "Threads fell to 10.0 with Python 100 ms, and kept the rate with none" in causes.of_ui_rate(uneven, 15)
    assert "Processes stuttered nowhere" in causes.of_intervals(uneven, 15)


def test_processes_are_said_to_stutter_when_they_did() -> None:
    figures = summarise(pipeline_results(pipeline_run("multiprocessing", "none", interval_ms=STUTTERING)))
    assert "Processes stuttered with none (180 ms)" in causes.of_intervals(figures, 15)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gil_delay_ms": 6.0}, "the GIL was waited for: it was held elsewhere"),
        ({"gil_delay_ms": 40.0, "surroundings": BUSY}, "that cannot be told"),
        ({"gil_delay_ms": 40.0, "cpu": {"all roles": 1.8}}, "that cannot be told"),
        ({"gil_delay_ms": 0.3}, "neither the GIL nor the cores explain it"),
    ],
)
def test_the_gil_is_blamed_only_when_it_was_waited_for_while_cores_were_free(
    changes: dict[str, object], said: str
) -> None:
    run = pipeline_run("threading", "Python 100 ms", interval_ms=STUTTERING, **changes)
    sentences = causes.of_gil(summarise(pipeline_results(run)), 15, gil_is_on=True)
    assert "With Python 100 ms the video suffered" in sentences
    assert said in sentences


def test_without_a_gil_it_is_not_blamed() -> None:
    run = pipeline_run("threading", "Python 100 ms", interval_ms=STUTTERING, gil_delay_ms=40.0)
    sentences = causes.of_gil(summarise(pipeline_results(run)), 15, gil_is_on=False)
    assert "there is no GIL to wait for" in sentences
    assert "held elsewhere" not in sentences


def test_a_wait_for_the_gil_that_harmed_nobody_is_blamed_for_nothing() -> None:
    run = pipeline_run("threading", "Python 50 ms", gil_delay_ms=40.0)
    assert "suffered" not in causes.of_gil(summarise(pipeline_results(run)), 15, gil_is_on=True)


def test_a_run_against_itself_is_1_everywhere() -> None:
    results = pipeline_results()
    table = against(results, results).table
    assert table is not None
    assert len(table.rows) == 10
    assert {value for row in table.rows for value in row[1:]} == {"1.00"}


def test_against_says_now_by_then_what_differs_and_how_the_machine_drifted() -> None:
    now = pipeline_results(pipeline_run("threading", memory_mb=220))
    slower = now.limits.model_copy(update={"session_run_ms": 40})
    section = against(now.model_copy(update={"limits": slower}), pipeline_results())
    assert section.table is not None
    column = section.table.header.index("memory MB")
    memory = {row[0]: row[column] for row in section.table.rows}
    assert (memory["threads, none"], memory["processes, none"]) == ("2.00", "1.00")
    assert "session run 2.00" in section.text
    assert "Not the same" not in section.text


def test_against_leaves_out_what_was_not_measured_before() -> None:
    then = viewers_results(viewers_run("threading", (15.0,)))
    now = viewers_results(viewers_run("threading", (15.0,)), viewers_run("threading", (15.0,) * 9))
    table = against(now, then).table
    assert table is not None
    assert [row[0] for row in table.rows] == ["threads, 2, 1"]


@pytest.mark.parametrize("earlier", [transport_results(), viewers_results()])
def test_results_of_another_kind_are_no_match(earlier: AnyResults) -> None:
    with pytest.raises(SettingsError, match=f"of `bench {earlier.kind}`, not of `bench pipeline`"):
        check_comparable(earlier, "pipeline")
