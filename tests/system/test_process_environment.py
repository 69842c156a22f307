"""What the app inherits from the process that starts it, and what it may lose while it runs."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.apps import IMPLEMENTATIONS, ROOT, App, running, viewing

CODE = ("common", "multiprocessing_impl", "threading_impl", "models", "main.py", "pyproject.toml")
IGNORING_SIGCHLD = (
    "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
)

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the resource tracker is found by /proc")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of the program, in a folder that a test may remove."""
    return copy_program(tmp_path / "release")


def copy_program(folder: Path) -> Path:
    for name in CODE:
        ignored = shutil.ignore_patterns("training", "__pycache__")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def replace_role(app: App, name: str) -> psutil.Process:
    """Kill a role and return the process that replaces it."""
    victim = app.role(name)
    victim.kill()
    return app.until(lambda: app.role(name) if app.role(name) != victim else None, f"another {name}")


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_it_ends_with_code_0_though_sigchld_was_inherited_as_ignored(
    implementation: str, small: tuple[str, ...]
) -> None:
    with running("--impl", implementation, *small, within=(sys.executable, "-c", IGNORING_SIGCHLD)) as app:
        app.wait_until_ready()
        app.end()


def test_a_killed_role_is_replaced_though_sigchld_was_inherited_as_ignored(small: tuple[str, ...]) -> None:
    with running(*small, within=(sys.executable, "-c", IGNORING_SIGCHLD)) as app:
        app.wait_until_ready()
        replace_role(app, "processor")
        assert "no heartbeat" not in app.stderr


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_relative_paths_are_those_of_the_start_though_that_folder_is_removed(
    implementation: str, small: tuple[str, ...], tmp_path: Path
) -> None:
    start, kept = tmp_path / "start", tmp_path / "kept"
    start.mkdir()
    kept.mkdir()
    clip, model = (Path(shutil.copy(path, kept)).name for path in (small[1], small[3]))
    flags = ("--impl", implementation, "--source", f"../kept/{clip}", "--model", f"../kept/{model}")
    with running(*flags, folder=start, program=(str(ROOT / "main.py"),)) as app:
        app.wait_until_ready()
        start.rmdir()
        if implementation == "multiprocessing":
            for name in ("server", "provider", "processor"):
                replace_role(app, name)
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) > 5 and len(viewer.messages_of("detections")) > 2)


def test_roles_are_restarted_after_the_program_was_replaced_in_its_folder(release: Path) -> None:
    with running(folder=release) as app:
        app.wait_until_ready()
        shutil.rmtree(release)
        copy_program(release)
        for name in ("server", "provider", "processor"):
            replace_role(app, name)
        app.wait_until_ready()


async def test_after_the_program_was_removed_the_roles_run_on_and_a_failed_one_waits_for_it(
    small: tuple[str, ...], release: Path
) -> None:
    with running(*small, folder=release) as app:
        app.wait_until_ready()
        shutil.rmtree(release)
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)
            app.role("processor").kill()
            await viewer.until(lambda viewer: f"{release} was removed" in viewer.messages_of("status")[-1]["message"])
            viewer.clear()
            await viewer.until(lambda viewer: len(viewer.frames) > 5)
            copy_program(release)
            await viewer.until(lambda viewer: viewer.has_status("processor", "ok"))
        assert "Traceback" not in app.stderr


@pytest.fixture
def tracked(small: tuple[str, ...]) -> Iterator[tuple[App, psutil.Process]]:
    """An app in processes, and its resource tracker."""
    with running(*small) as app:
        app.wait_until_ready()
        yield app, resource_tracker(app)


def resource_tracker(app: App) -> psutil.Process:
    """The process that unlinks the semaphores of the app when it is killed."""
    (tracker,) = (process for process in app.processes() if "resource_tracker" in " ".join(process.cmdline()))
    return tracker


@linux_only
def test_a_killed_resource_tracker_costs_no_line_in_the_log(tracked: tuple[App, psutil.Process]) -> None:
    app, tracker = tracked
    tracker.kill()
    app.end()
    assert app.stderr.count("\n") == sum(" INFO " in line for line in app.stderr.splitlines())


@linux_only
def test_a_killed_resource_tracker_is_replaced_at_the_next_start_of_a_role_and_does_its_work(
    tracked: tuple[App, psutil.Process],
) -> None:
    app, tracker = tracked
    tracker.kill()
    replace_role(app, "processor")
    assert resource_tracker(app) != tracker
    segments = app.segments()
    assert segments
    assert "Traceback" not in app.stderr
    os.kill(app.process.pid, signal.SIGKILL)
    app.process.wait()
    app.ended = True
    app.assert_nothing_is_left(segments)
