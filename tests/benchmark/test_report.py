"""The schema of results.json, the order of the runs, progress, tables, charts and reports."""

import io
import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmark.cases import IMPLEMENTATIONS, WORKLOADS
from benchmark.measure.queue_timing import QUEUES
from benchmark.progress import Progress
from benchmark.report.charts import COLOURS, Curve, bars, curves
from benchmark.report.full_report import report_of
from benchmark.report.report import Report, Section, Table, to_html, to_markdown, write
from benchmark.report.tables import gil_label
from benchmark.results import AnyResults, load_results
from benchmark.suites.cameras import WORKLOADS as CAMERA_WORKLOADS
from benchmark.suites.schedule import interleaved
from common.errors import SettingsError
from tests.support.benchmarks import (
    BUSY,
    cameras_results,
    cameras_run,
    pipeline_results,
    pipeline_run,
    transport_results,
    transport_run,
    viewers_results,
    viewers_run,
)

ALL_QUEUES = [transport_run(name, (0.1, 0.2), taking_ms=taking) for name in QUEUES for taking in (0, 200)]
GIL_SECTION = "Wait for the GIL"
EACH_KIND: list[AnyResults] = [
    pipeline_results(),
    transport_results(*ALL_QUEUES),
    viewers_results(viewers_run("threading", (15.0,)), viewers_run("multiprocessing", (15.0,))),
    cameras_results(
        *(
            cameras_run(implementation, workload.name, count, ui_fps=15 if count < 4 else 12)
            for implementation in IMPLEMENTATIONS
            for workload in CAMERA_WORKLOADS
            for count in (1, 2, 4)
        )
    ),
]


def test_every_case_runs_once_per_round_in_a_different_order() -> None:
    runs = list(interleaved("abcdefgh", repeats=5, seed=1))
    assert Counter(number for number, _ in runs) == dict.fromkeys(range(1, 6), 8)
    assert [number for number, _ in runs] == sorted(number for number, _ in runs)
    orders = {"".join(case for number, case in runs if number == each) for each in range(1, 6)}
    assert len(orders) == 5
    assert {"".join(sorted(order)) for order in orders} == {"abcdefgh"}


def test_the_same_seed_gives_the_same_order() -> None:
    assert list(interleaved("abcdefgh", 3, seed=4)) == list(interleaved("abcdefgh", 3, seed=4))
    assert list(interleaved("abcdefgh", 3, seed=4)) != list(interleaved("abcdefgh", 3, seed=5))


def test_a_workload_sets_all_three_experiments() -> None:
    for workload in WORKLOADS:
        flags = [flag.partition("=")[0].replace("--no-", "--") for flag in workload.flags()]
        assert flags == ["--infer-repeat", "--python-work-ms", "--session-per-frame"]


@pytest.mark.parametrize("results", EACH_KIND, ids=lambda results: results.kind)
def test_results_are_read_back_as_they_were_written(results: AnyResults, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(results.model_dump_json())
    assert load_results(tmp_path / "results.json") == results


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"format": 2}, "pipeline.format"),
        ({"kind": "teapot"}, "teapot"),
        ({"runs": [{}]}, "pipeline.runs.0.round: Field required"),
        ({"weather": "fine"}, "pipeline.weather: Extra inputs are not permitted"),
    ],
)
def test_a_file_that_violates_the_schema_is_refused_with_the_location(
    changes: dict[str, object], fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(json.loads(pipeline_results().model_dump_json()) | changes))
    with pytest.raises(SettingsError) as raised:
        load_results(path)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("results", EACH_KIND, ids=lambda results: results.kind)
def test_results_of_every_suite_make_a_report_with_charts(results: AnyResults, tmp_path: Path) -> None:
    report = report_of(results, earlier=results)
    write(report, tmp_path)
    charts = [section.chart.name for section in report.sections if section.chart]
    assert len(charts) >= 2
    assert {file.name for file in tmp_path.iterdir()} == {
        "report.md", "report.html", *(f"{name}.svg" for name in charts),
    }  # fmt: skip
    for name in charts:
        ElementTree.parse(tmp_path / f"{name}.svg")  # noqa: S314 - written by this test
    titles = [section.title for section in report.sections]
    assert "Comparison with an earlier run" in titles
    assert titles[-1] == "Environment"


def test_the_introduction_states_the_number_of_disturbed_runs() -> None:
    quiet, shared = pipeline_results(), pipeline_results(pipeline_run("threading", background=BUSY))
    assert "In 0 of 10 runs other programs used more than 10 %" in report_of(quiet).introduction
    assert "In 1 of 10 runs other programs used" in report_of(shared).introduction


@pytest.mark.parametrize("results", EACH_KIND, ids=lambda results: results.kind)
def test_quick_report_is_marked_as_such_and_states_no_finding(results: AnyResults) -> None:
    measured = report_of(results)
    assert any(section.finding for section in measured.sections)
    assert "not a measurement" not in measured.introduction
    quick = results.settings.model_copy(update={"quick": True})
    look = report_of(results.model_copy(update={"settings": quick}))
    assert look.introduction.startswith("A quick look, not a measurement")
    assert not any(section.finding for section in look.sections)
    assert not any(section.table and "cause" in section.table.header for section in look.sections)


def test_a_finding_is_a_fixed_sentence_with_figures() -> None:
    run = pipeline_run("threading", "Python 100 ms", interval_ms=(20.0, 180.0) * 20, gil_delay_ms=6.0)
    sections = {section.title: section for section in report_of(pipeline_results(run)).sections}
    rate, intervals, gil = (sections[each] for each in ("UI rate at a viewer", "Interval between frames", GIL_SECTION))
    assert rate.finding == "Lowest of all workloads: processes 15.04 FPS, threads 10.00 FPS."
    assert intervals.finding == "Longest p99: processes 67 ms (none), threads 180 ms (Python 100 ms)."
    assert gil.finding.startswith(
        "Video, p99 without load and at most: processes 0.2 and 0.2 ms, threads 0.2 and 6.0 ms. Cause:"
    )
    assert gil.table is not None
    assert [row[2] for row in gil.table.rows if row[:2] == ["threads", "Python 100 ms"]] == ["GIL"]


def test_results_under_their_former_names_are_read(tmp_path: Path) -> None:
    results = pipeline_results()
    former = json.loads(results.model_dump_json())
    former["limits"] = former.pop("baseline")
    for run in former["runs"]:
        run["surroundings"] = run.pop("background")
    del former["settings"]["quick"]
    (tmp_path / "results.json").write_text(json.dumps(former))
    assert load_results(tmp_path / "results.json") == results


@pytest.mark.parametrize(
    ("gil", "label"),
    [
        ({"server": True, "processor": True}, "GIL on"),
        ({"server": False, "processor": False}, "GIL off"),
        ({"server": False, "processor": True}, "GIL on in processor only"),
    ],
)
def test_the_label_of_the_gil_names_the_roles_in_which_it_is_enabled(gil: dict[str, bool], label: str) -> None:
    assert gil_label(gil) == label


def test_a_section_is_written_as_markdown_and_as_html() -> None:
    table = Table(("who", "what", "ms"), [("a", "b", "1.0")], name_columns=2)
    report = Report("Title", "Introduction <1>.", "make it", [Section("Speed", "Fast & even.", "15 FPS.", table=table)])
    assert to_markdown(report) == (
        "# Title\n\nIntroduction <1>.\n\n## Speed\n\nFast & even.\n\n15 FPS.\n\n"
        "| who | what | ms |\n| --- | --- | ---: |\n| a | b | 1.0 |\n\nReproduce: `make it`\n"
    )
    page = to_html(report)
    assert "Introduction &lt;1&gt;." in page
    assert "Fast &amp; even. 15 FPS." in page
    assert '<tr><td class="name">a</td><td class="name">b</td><td data-label="ms">1.0</td></tr>' in page


def test_all_colours_of_a_chart_are_variables_with_a_light_and_a_dark_value() -> None:
    svg = bars({"processes": {"none": 15.0}, "threads": {"none": 9.5}}, "FPS", COLOURS, target=15)
    rules, drawing = svg.split("</style>", 1)
    assert "var(--processes)" in drawing
    assert set(re.findall(r"var\(--(\w+)\)", drawing)) <= set(re.findall(r"--(\w+):", rules))
    assert rules.count("--processes:") == 2
    assert ">9.5<" in drawing  # text as text, not as paths
    assert ">15<" in drawing


@pytest.mark.parametrize(("least", "starts_at_0"), [(14.7, False), (15.0, True), (3.0, True)])
def test_the_axis_of_curves_starts_at_0_unless_the_values_are_nearly_the_same(least: float, starts_at_0: bool) -> None:
    svg = curves({"processes": Curve({1: 15.0, 20: least}, COLOURS["processes"])}, "cameras", "FPS", target=15)
    assert (">0<" in svg) == starts_at_0  # the x axis starts at 0.0


class Terminal(io.StringIO):
    """A terminal that records its output."""

    def isatty(self) -> bool:
        return True


def test_progress_estimates_the_time_left_from_the_runs_so_far() -> None:
    now, out = [0.0], io.StringIO()
    for _ in Progress(3, out, lambda: now[0]).track((name, name) for name in "abc"):
        now[0] += 40
    assert out.getvalue().splitlines() == ["1/3, -:-- left: a", "2/3, 1:20 left: b", "3/3, 0:40 left: c"]


def test_progress_uses_one_line_of_a_terminal_and_clears_it() -> None:
    out = Terminal()
    assert list(Progress(2, out).track((name, name) for name in "ab")) == ["a", "b"]
    assert "\n" not in out.getvalue()
    assert out.getvalue().count("█") == 12  # half of the bar, once
    assert out.getvalue().endswith("\r\033[K")
