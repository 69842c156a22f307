"""`python main.py bench`: arguments that it refuses, packages that are missing, and stop signals."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmark import command as bench
from common.errors import SettingsError, UserError
from tests.support.apps import ROOT
from tests.support.benchmarks import pipeline_results
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

PATIENCE_S = 60.0


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
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < deadline, f"not {where}"
            time.sleep(0.02)
        started = benchmark.children(recursive=True)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stderr.splitlines()[-1]) == (130, "stopped; no report was written")
    assert "Traceback" not in stderr
    assert psutil.wait_procs(started, timeout=PATIENCE_S)[1] == []


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
    run = run_bench("--help", PYTHONPATH=str(tmp_path))
    assert (run.returncode, run.stderr) == (0, "")
    assert "--quick" in run.stdout
    assert "not a measurement" in run.stdout


def test_an_invalid_argument_ends_the_program_with_one_line_and_code_2() -> None:
    run = run_bench("--repeats", "x")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: --repeats")
    assert run.stderr.count("\n") == 1


def run_bench(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", "bench", *flags],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
