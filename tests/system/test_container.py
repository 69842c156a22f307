"""The app as its container may run it: a plain user, no capabilities, and a file system that cannot be written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, ROOT, running, viewing
from tests.support.certificates import make_certificate
from tests.support.onnx_models import save_yolox
from tests.support.servers import serving
from tests.support.videos import write_clip

# All but /dev/shm, which a read-only container can write too: the locks of multiprocessing are made there.
READ_ONLY = 'set -e; for at in / /tmp; do if mountpoint -q $at; then mount -o remount,bind,ro $at; fi; done; exec "$@"'
IN_A_SYSTEM_OF_ITS_OWN = ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh")
WITHOUT_RIGHTS = ("setpriv", "--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all", "--clear-groups")
PLAIN_USER = ("--reuid", "10001", "--regid", "10001")
WITHOUT_HOME = ("env", "HOME=/nonexistent")


def runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S).returncode == 0
    except FileNotFoundError:
        return False


def within() -> tuple[str, ...]:
    """The command that takes all rights away. The user stays where another could not read this Python."""
    confined = (*IN_A_SYSTEM_OF_ITS_OWN, *WITHOUT_RIGHTS, *PLAIN_USER, *WITHOUT_HOME)
    if runs(*confined, sys.executable, "-c", "import cv2"):
        return confined
    return *IN_A_SYSTEM_OF_ITS_OWN, *WITHOUT_RIGHTS, *WITHOUT_HOME


@pytest.fixture(scope="module")
def confined() -> tuple[str, ...]:
    command = within()
    if not runs(*command, "true"):
        pytest.skip("mounting is not allowed here")
    for path in (Path(__file__).parent, Path("/tmp")):
        assert not runs(*command, "touch", str(path / "written")), f"{path} can be written"
    return command


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_it_runs_without_rights_on_a_system_that_cannot_be_written(
    implementation: str, confined: tuple[str, ...], tmp_path: Path
) -> None:
    clip, model = write_clip(tmp_path / "clip.avi", 60, 30), save_yolox(tmp_path / "finder.onnx")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)  # for the plain user to read
    flags = ("--impl", implementation, "--source", str(clip), "--model", str(model))
    with running(*flags, within=confined) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) > 5 and len(viewer.messages_of("detections")) > 1)
        assert app.process.pid in {process.pid for process in app.processes()}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_health_check_of_the_container_sees_life_and_death(scheme: str, tmp_path: Path) -> None:
    check = re.search(r"^HEALTHCHECK .*\n +CMD (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert check is not None
    tls = make_certificate(tmp_path / "certificate").tls if scheme == "https" else None

    def healthy(port: int) -> bool:
        environment = os.environ | {"VISION_PORT": str(port), "VISION_TLS_CERT": "set" if tls else ""}
        command = [sys.executable, *json.loads(check[1])[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=PATIENCE_S)
        return done.returncode == 0

    with serving(tls=tls) as server:
        assert healthy(server.port)
    assert not healthy(server.port)
