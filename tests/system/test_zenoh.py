"""The app with --impl zenoh, on one machine: video, detections, restarts of each role, and a clean end."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.apps import PATIENCE_S, ROOT, App, ViewerClient, running, viewing
from zenoh_impl.socket_folder import FOLDERS


def flows(viewer: ViewerClient) -> bool:
    return len(viewer.frames) > 10 and len(viewer.messages_of("detections")) > 3


def restarted(app: App, role: str, pid: int) -> psutil.Process | None:
    process = app.role(role)
    return process if process.pid != pid else None


async def test_video_and_detections_flow_and_every_role_is_replaced_when_it_is_killed(
    small: tuple[str, ...],
) -> None:
    with running("--impl", "zenoh", *small) as app:
        async with viewing(app) as viewer:
            await viewer.until(flows)
            for role in ("processor", "provider"):
                app.role(role).kill()
                await viewer.until(lambda viewer, role=role: viewer.has_status(role, "ok"))  # type: ignore[misc]
                viewer.clear()
                await viewer.until(flows)
        server = app.role("server")
        server.kill()
        await asyncio.to_thread(app.until, lambda: restarted(app, "server", server.pid), "a new server")
        async with viewing(app) as viewer:
            await viewer.until(flows)
            assert viewer.messages_of("hello")[-1]["model"] == "finder.onnx"


def test_nothing_is_encoded_for_viewers_while_there_is_none(small: tuple[str, ...]) -> None:
    with running("--impl", "zenoh", *small) as app:
        app.wait_until_ready()
        assert app.stats()["counters"].get("sent", 0) == 0


def test_the_folder_of_a_killed_node_is_removed_at_the_next_start(
    small: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("t")  # a short path: that of a Unix socket has at most 107 bytes (unix(7))
    monkeypatch.setenv("TMPDIR", str(folder))
    with running("--impl", "zenoh", *small) as app:
        app.wait_until_ready()
        os.kill(app.process.pid, signal.SIGKILL)
        app.process.wait(PATIENCE_S)
        app.ended = True
    assert list(folder.glob(f"{FOLDERS}*"))
    with running("--impl", "zenoh", *small) as app:
        app.wait_until_ready()
    assert not list(folder.glob(f"{FOLDERS}*"))


@pytest.mark.parametrize(
    ("module", "code", "line"),
    [
        ("zenoh", 2, "error: --impl zenoh needs eclipse-zenoh; run: pip install -r requirements-zenoh.txt\n"),
        ("numpy", 1, "error: the package numpy is not installed; run: pip install -r requirements.txt\n"),
    ],
)
def test_a_missing_package_is_named_with_its_installation(tmp_path: Path, module: str, code: int, line: str) -> None:
    (tmp_path / "zenoh.py").write_text(f"raise ModuleNotFoundError(name='{module}')")
    ended = subprocess.run(
        [sys.executable, "main.py", "--impl", "zenoh", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", line)


def test_a_file_size_limit_is_reported_in_one_line() -> None:
    ended = subprocess.run(
        ["bash", "-c", 'ulimit -f 0; exec "$@"', "bash", sys.executable, "main.py", "--impl", "zenoh", "--port", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    line = "error: no role can be started: a file would be too large (see ulimit -f)\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)
