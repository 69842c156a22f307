"""`bench nodes`: the report of its runs, and a short run of several nodes."""

from pathlib import Path

import pytest

from benchmark.arguments import parse
from benchmark.report.figures import summarise
from benchmark.report.nodes_report import sections
from benchmark.suites.cameras import without_source
from benchmark.suites.nodes import Shape, run_one
from tests.support.benchmarks import nodes_results, nodes_run

RESULTS = nodes_results(
    nodes_run(1, 1, 1), nodes_run(4, 1, 4), nodes_run(4, 1, 24), nodes_run(4, 3, 24), nodes_run(8, 1, 8)
)


def test_the_costs_of_several_servers_are_summed() -> None:
    figures = summarise(RESULTS)["4", "3", "24"]
    assert figures["server CPU %"] == pytest.approx(3 + 24 * 2)
    assert figures["server main MB"] == pytest.approx(3 * 40)
    assert figures["cameras sends kB/s"] == pytest.approx(2000)


def test_the_report_states_what_a_further_camera_and_a_further_viewer_cost() -> None:
    *_, costs = sections(RESULTS)
    assert costs.table is not None
    rows = {name: [float(cell) for cell in cells] for name, *cells in costs.table.rows}
    assert rows["cameras CPU %"] == pytest.approx([1, 10, 0], abs=0.01)
    assert rows["server CPU %"] == pytest.approx([1, 0, 2], abs=0.01)
    assert rows["cameras sends kB/s"] == pytest.approx([0, 500, 0], abs=0.01)


def test_few_cases_have_no_fitted_costs() -> None:
    assert [section.title for section in sections(nodes_results(nodes_run(2, 2, 4)))] == [
        "Viewers",
        "Nodes: cameras",
        "Nodes: processor",
        "Nodes: server",
    ]


def test_two_cameras_are_shown_by_two_servers(small: tuple[str, ...], tmp_path: Path) -> None:
    plan = parse(["nodes", "--quick", "--seconds=2", f"--out={tmp_path}", *small])
    run = run_one(Shape(2, 2, 4), plan.app.cameras[0].source, without_source(plan.app_flags), plan.settings, 1)
    for viewer in run.viewers:
        assert 5 < viewer.ui_fps < 20  # on a busy machine
        assert viewer.results_per_s > 1
    usages = {usage.node: usage for usage in run.nodes}
    assert set(usages) == {"server1", "server2", "cameras", "processor"}
    assert usages["cameras"].sent_kb_per_s > usages["cameras"].received_kb_per_s
    assert all(usage.roles_cpu > 0 and usage.main_mb > 10 for usage in run.nodes)
