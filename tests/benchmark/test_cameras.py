"""`bench cameras`: the search for the number of cameras, what holds, and a short run of the app."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.arguments import parse
from benchmark.cases import WORKLOADS_BY_NAME
from benchmark.report.cameras_report import held_cameras, sections
from benchmark.results import CamerasRun
from benchmark.suites.cameras import LADDER, WORKLOADS, failures, run_one, search, without_source
from tests.support.benchmarks import QUIET, SETTINGS, cameras_results, cameras_run


def app_that_holds(most: int, fails: Callable[[int, int], bool] = lambda count, number: False) -> list[tuple[int, int]]:
    """Search the cameras of an app that holds `most`; return (count, try) of each run."""
    runs: list[tuple[int, int]] = []

    def measure(count: int, number: int) -> CamerasRun:
        runs.append((count, number))
        good = count <= most and not fails(count, number)
        return cameras_run("threading", "none", count, ui_fps=15.0 if good else 12.0)

    found = list(search(measure, lambda run: not failures(run, SETTINGS), tries=2))
    assert len(found) == len(runs)
    return runs


@pytest.mark.parametrize("most", [0, 1, 3, 5, 11, 16, 31, 32])
def test_the_search_finds_the_largest_number_that_holds(most: int) -> None:
    counts = [count for count, _ in app_that_holds(most)]
    assert max([count for count in counts if count <= most], default=0) == most
    assert most == max(LADDER) or min(count for count in counts if count > most) == most + 1
    assert len(set(counts)) == len(counts) - sum(count > most for count in set(counts))  # failures are tried twice


def test_a_number_that_fails_once_is_tried_again() -> None:
    runs = app_that_holds(6, fails=lambda count, number: (count, number) == (4, 1))
    assert (4, 2) in runs
    assert max(count for count, _ in runs if count <= 6) == 6


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"ui_fps": 14.81}, []),
        ({"ui_fps": 14.7}, ["UI FPS"]),
        ({"ui_fps": 15.3}, ["UI FPS"]),
        ({"results_per_s": 4.7}, ["results/s"]),
        ({"interval_p99_ms": 106.0}, []),
        ({"ui_fps": 14.0, "interval_p99_ms": 107.0}, ["UI FPS", "interval p99"]),
    ],
)
def test_every_camera_must_keep_its_rates_and_even_intervals(change: dict[str, float], expected: list[str]) -> None:
    assert failures(cameras_run("threading", "none", 3, **change), SETTINGS) == expected


def test_the_report_states_the_number_and_what_limits_it() -> None:
    full = QUIET.model_copy(update={"others": 0.9})
    runs = [
        cameras_run(implementation, workload.name, count, ui_fps=15 if count < failing else 12, background=background)
        for implementation, failing, background in (("multiprocessing", 8, full), ("threading", 4, QUIET))
        for workload in WORKLOADS
        for count in (1, 2, 3, 4, 7, 8)
        if count <= failing
    ]
    results = cameras_results(*runs)
    assert held_cameras(results) == {
        "processes": dict.fromkeys((workload.name for workload in WORKLOADS), 7.0),
        "threads": dict.fromkeys((workload.name for workload in WORKLOADS), 3.0),
    }
    held = sections(results)[0]
    assert held.finding.startswith("none: processes 7, threads 3; inference ×5: processes 7, threads 3;")
    assert held.table is not None
    assert held.table.rows[:2] == [
        ["processes", "none", "UI FPS", "7", "131"],
        ["threads", "none", "UI FPS", "3", "22"],
    ]


def test_the_source_of_the_flags_is_replaced() -> None:
    assert without_source(["--source", "a.mp4", "--ui-fps=10", "--source=b"]) == ["--ui-fps=10"]


@pytest.mark.parametrize("implementation", ["multiprocessing", "threading"])
def test_two_cameras_have_a_viewer_each(implementation: str, small: tuple[str, ...], tmp_path: Path) -> None:
    plan = parse(["cameras", "--quick", "--seconds=2", f"--out={tmp_path}", *small])
    flags = without_source(plan.app_flags)
    workload, source = WORKLOADS_BY_NAME["none"], plan.app.cameras[0].source
    run = run_one(implementation, workload, source, flags, plan.settings, 2, 1)
    assert len(run.viewers) == 2
    for viewer in run.viewers:
        assert 5 < viewer.ui_fps < 20  # on a busy machine
        assert viewer.results_per_s > 1
    assert run.cpu > 0
    assert run.memory_mb > 30
