"""`python main.py bench --quick` as a user runs it, and the arguments that it refuses."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import psutil
import pytest

from benchmark import command as bench
from benchmark.cases import IMPLEMENTATIONS, WORKLOADS
from benchmark.report.figures import count_disturbed, summarise
from benchmark.results import PipelineResults, load_results
from common.errors import SettingsError, UserError
from tests.support.benchmarks import pipeline_results
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

ROOT = Path(__file__).resolve().parents[2]
BENCH_S = 240  # a minute on an idle machine


@dataclass(frozen=True)
class Bench:
    """Output and folder of one quick run."""

    stdout: str
    stderr: str
    folder: Path

    @property
    def results(self) -> PipelineResults:
        results = load_results(self.folder / "results.json")
        assert isinstance(results, PipelineResults)
        return results


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("bench")
    clip, model = write_clip(folder / "road.avi", 60, 30), save_yolox(folder / "cars.onnx")
    flags = ["--quick", "--seed", "7"]
    words = ["bench", *flags, "--out", folder / "report", "--source", clip, "--model", model]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISION_")}
    run = subprocess.run(
        [sys.executable, "main.py", *map(str, words)],
        cwd=ROOT,
        env=environment | {"VISION_INFER_REPEAT": "3"},  # overridden by the workload of each run
        capture_output=True,
        text=True,
        timeout=BENCH_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return Bench(run.stdout, run.stderr, folder / "report")


pytestmark = pytest.mark.timeout(BENCH_S + 10)


def test_every_implementation_is_measured_under_every_workload(quick: Bench) -> None:
    cells = {(run.implementation, run.workload) for run in quick.results.runs}
    assert cells == {(implementation, workload.name) for implementation in IMPLEMENTATIONS for workload in WORKLOADS}


def test_every_run_has_samples_of_every_quantity(quick: Bench) -> None:
    for run in quick.results.runs:
        assert len(run.interval_ms) == len(run.frame_age_ms) > 10
        assert len(run.inference_ms) == len(run.processing_ms) > 0
        assert run.gil_delay_p99_ms.keys() == {"server", "provider", "processor"}
        assert run.queued > 0
        assert 0 < run.first_frame_s < BENCH_S
        assert run.memory_mb > 30


def test_cpu_is_by_role_with_processes_and_of_all_roles_with_threads(quick: Bench) -> None:
    for run in quick.results.runs:
        roles = (
            {"server", "provider", "processor", "parent"} if run.implementation == "multiprocessing" else {"all roles"}
        )
        assert run.cpu.keys() == roles


def test_the_workloads_reach_the_processor(quick: Bench) -> None:
    figures = summarise(quick.results)
    for implementation in IMPLEMENTATIONS:
        none, five, python = (figures[implementation, name] for name in ("none", "inference ×5", "Python 100 ms"))
        assert five["inference p50"] > 2 * none["inference p50"]
        # 100 ms per result; half of it is asserted.
        assert python["CPU %"] > none["CPU %"] + 5 * python["results/s"]


def test_processes_use_more_memory_than_threads(quick: Bench) -> None:
    figures = summarise(quick.results)
    processes, threads = (figures[implementation, "none"]["memory MB"] for implementation in IMPLEMENTATIONS)
    assert processes > 1.3 * threads


def test_with_python_work_threads_wait_for_the_gil_and_processes_do_not(quick: Bench) -> None:
    results = quick.results
    if count_disturbed(results.runs):
        pytest.skip("other programs used much of the machine")
    processes, threads = (summarise(results)[implementation, "Python 100 ms"] for implementation in IMPLEMENTATIONS)
    assert threads["GIL delay provider p99"] > 3 * processes["GIL delay provider p99"]


def test_the_baseline_is_below_the_times_of_the_app(quick: Bench) -> None:
    results = quick.results
    figures = summarise(results)["multiprocessing", "none"]
    assert 0 < results.baseline.memcpy_ms < results.put_ms["multiprocessing"] < results.hand_over_ms["multiprocessing"]
    assert figures["frame age p50 ÷ (encode + echo)"] > 1
    assert figures["processing ÷ inference"] > 1


def test_the_results_state_environment_and_settings(quick: Bench) -> None:
    results = quick.results
    environment = results.environment
    assert environment.cores == os.cpu_count()
    assert set(environment.gil) == {"server", "provider", "processor", "all in one process"}
    assert environment.threads["onnxruntime"] >= 1
    assert (results.settings.source, results.settings.model) == ("road.avi", "cars.onnx")
    assert results.settings.order_seed == 7
    assert (results.baseline.width, results.baseline.height) == (160, 90)


def test_the_results_contain_no_folder_except_in_the_command(quick: Bench) -> None:
    results = json.loads((quick.folder / "results.json").read_text())
    del results["settings"]["command"]
    assert str(quick.folder.parent) not in json.dumps(results)


def test_the_html_report_loads_nothing_and_contains_all_charts(quick: Bench) -> None:
    page = (quick.folder / "report.html").read_text()
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attributes)))

    Reader().feed(page)
    assert sum(tag == "svg" for tag, _ in tags) == 5
    assert not {"script", "link", "img"} & {tag for tag, _ in tags}
    links = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href")]
    assert all((value or "").startswith("#") for value in links)


def test_every_section_of_the_markdown_report_contains_the_command(quick: Bench) -> None:
    _, *sections = (quick.folder / "report.md").read_text().split("\n## ")
    assert len(sections) > 5
    for section in sections:
        assert "Reproduce: `python main.py bench --quick --seed 7 " in section
    charts = {line.split("](")[1][:-1] for line in "\n".join(sections).splitlines() if line.startswith("![")}
    assert charts == {file.name for file in quick.folder.glob("*.svg")}


def test_progress_is_printed_as_lines_when_stderr_is_not_a_terminal(quick: Bench) -> None:
    lines = quick.stderr.splitlines()
    assert lines[:2] == ["order of the runs: --seed 7", "--quick: a look, not a measurement"]
    assert re.match(r"10/10, \d:\d\d left: ", lines[-1])
    assert "\r" not in quick.stderr
    assert str(quick.folder / "report.html") in quick.stdout


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["teapot"], "'teapot' is not a benchmark; choose from pipeline, transport, viewers"),
        (["--repeats", "0"], "--repeats: '0' is not a whole number above 0"),
        (["--seconds", "nan"], "--seconds: 'nan' is not a number of seconds"),
        (["--impl", "threading"], "--impl: bench sets it itself"),
        (["--no-session-per-frame"], "--no-session-per-frame: bench sets it itself"),
        (["--ui-fps=40"], "ui_fps (40) must not exceed capture_fps (30)"),
        (["--quik"], "unknown option --quik"),
        (["--source", "nowhere.mp4"], "source 'nowhere.mp4' does not exist"),
        (["--out", "road.avi/report"], "--out: cannot create the folder 'road.avi/report': Not a directory"),
        (["--tls-cert=cert.pem", "--tls-key=key.pem"], "bench connects without TLS"),
        (["--against", "nothing.json"], "cannot read 'nothing.json': No such file or directory"),
    ],
)
def test_an_invalid_argument_is_reported_before_the_first_run(
    argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, model = write_clip(tmp_path / "road.avi", 2, 30), save_yolox(tmp_path / "cars.onnx")
    monkeypatch.chdir(tmp_path)
    with_flags = [f"--model={model}"] if "--source" in argv else [f"--model={model}", "--source", str(clip)]
    with pytest.raises(UserError) as raised:
        bench.main([*argv, *with_flags])
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_earlier_results_with_unknown_workloads_are_refused_before_the_first_run(tmp_path: Path) -> None:
    earlier = pipeline_results()
    renamed = earlier.model_copy(update={"runs": (earlier.runs[0].model_copy(update={"workload": "inference ×10"}),)})
    (tmp_path / "then.json").write_text(renamed.model_dump_json(), encoding="utf-8")
    with pytest.raises(SettingsError, match="--against: unknown workloads in the earlier results: inference ×10"):
        bench.main(["--against", str(tmp_path / "then.json")])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["in the baseline", "in a run"])
def test_a_stop_signal_ends_the_benchmark_and_the_running_app(
    tmp_path: Path, number: signal.Signals, where: str
) -> None:
    clip, model = write_clip(tmp_path / "road.avi", 60, 30), save_yolox(tmp_path / "cars.onnx")
    flags = ["--quick", "--seconds=60", "--out", tmp_path / "report", "--source", clip, "--model", model]
    command = [sys.executable, "main.py", "bench", *map(str, flags)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        benchmark = psutil.Process(process.pid)

        def reached() -> bool:
            with contextlib.suppress(psutil.NoSuchProcess):
                children = [" ".join(child.cmdline()) for child in benchmark.children()]
                return any("--impl=" in command for command in children) if where == "in a run" else bool(children)
            return False

        assert process.stderr is not None
        assert process.stderr.readline().startswith("order of the runs")
        deadline = time.monotonic() + BENCH_S / 2
        while not reached():
            assert time.monotonic() < deadline, f"not {where}"
            time.sleep(0.02)
        started = benchmark.children(recursive=True)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr.splitlines()[-1]) == (130, "stopped; no report was written")
    assert "Traceback" not in stderr
    assert psutil.wait_procs(started, timeout=10)[1] == []


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_reported_with_the_command_that_installs_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name == package else name)
    with pytest.raises(SettingsError, match=f"^bench needs {package} .*pip install -r requirements-bench.txt$"):
        bench.main([])


def test_help_needs_no_optional_package(tmp_path: Path) -> None:
    for package in ("matplotlib", "jinja2", "cryptography", "zenoh"):  # modules that hide the installed packages
        (tmp_path / f"{package}.py").write_text("raise ModuleNotFoundError(name=__name__)\n")
    command = [sys.executable, "main.py", "bench", "--help"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "--quick" in run.stdout
    assert "not a measurement" in run.stdout


def test_an_invalid_argument_ends_the_program_with_one_line_and_code_2() -> None:
    command = [sys.executable, "main.py", "bench", "--repeats", "x"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: --repeats")
    assert run.stderr.count("\n") == 1
