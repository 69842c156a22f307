"""Starts that fail or are interrupted end with one line instead of a traceback."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, ROOT, running

PROGRAM = (sys.executable, "main.py", "--port", "0")
# Until main.py runs, Python itself prints a traceback.
BEGUN = """
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
print("begun", flush=True)
import main

sys.exit(main.main(sys.argv[1:]))
"""
SMALL_LIMITS = (
    ("-n 10", "ulimit -n allows 10 open files; at least 64 are needed"),
    ("-n 40", "ulimit -n allows 40 open files; at least 64 are needed"),
    ("-v 100000", "ulimit -v allows 100,000 KiB of address space; at least 1,500,000 are needed"),
    ("-v 700000", "ulimit -v allows 700,000 KiB of address space; at least 1,500,000 are needed"),
)


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("delay_s", [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0])
def test_ctrl_c_during_the_start_prints_nothing(implementation: str, delay_s: float, small: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN, "--port", "0", "--impl", implementation, "--log-level", "error", *small],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, stderr = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait(PATIENCE_S)
    assert stderr == b""
    assert process.returncode in (0, -signal.SIGINT)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("limit", "message"), SMALL_LIMITS)
def test_a_limit_that_is_too_low_is_reported_with_what_is_needed(implementation: str, limit: str, message: str) -> None:
    ended = run("bash", "-c", f'ulimit {limit}; exec "$@"', "bash", *PROGRAM, "--impl", implementation)
    assert ended.stderr == f"error: {message}\n"
    assert ended.returncode == 2


def test_a_file_size_limit_is_reported_where_shared_memory_is_needed() -> None:
    ended = run("bash", "-c", 'ulimit -f 0; exec "$@"', "bash", *PROGRAM, "--impl", "multiprocessing")
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.endswith(" bytes for frames cannot be mapped: File too large\n")
    assert ended.returncode == 2


def test_a_file_size_limit_has_no_effect_on_threads(small: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash", *PROGRAM, "--impl", "threading", *small],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while b"inference" not in (line := process.stderr.readline()):
            assert line, process.communicate()
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["--print-settings"], ["models", "list"]], ids=" ".join
)
def test_output_that_cannot_be_written_is_one_line(arguments: list[str]) -> None:
    command = ("sh", "-c", 'exec "$@" >/dev/full', "sh", sys.executable, "main.py", *arguments)
    ended = run(*command, PYTHONUNBUFFERED="")
    assert ended.stderr == "error: standard output cannot be written: No space left on device\n"
    assert ended.returncode == 2


def test_an_error_that_cannot_be_written_keeps_its_exit_code() -> None:
    ended = run("sh", "-c", 'exec "$@" >/dev/full 2>/dev/full', "sh", *PROGRAM, "--port", "none")
    assert ended.returncode == 2


def test_it_starts_though_its_standard_output_is_full(small: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" >/dev/full', "sh", *PROGRAM, *small],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while b"inference" not in (line := process.stderr.readline()):
            assert line, process.wait(PATIENCE_S)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_it_runs_with_a_safe_path(implementation: str, small: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # leaves the folder of the program out of sys.path
    with running("--impl", implementation, *small) as app:
        app.wait_until_ready()
    with running(*small, folder=ROOT / f"{implementation}_impl") as app:
        app.wait_until_ready()
        assert f"implementation  {implementation}" in app.stdout


def test_a_package_that_is_missing_is_named() -> None:
    ended = run(sys.executable, "-S", "main.py")  # without site-packages
    assert ended.stderr == "error: the package pydantic is not installed; run: pip install -r requirements.txt\n"
    assert ended.returncode == 1
