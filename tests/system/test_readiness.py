"""Readiness of a running app with several cameras and processors: what does not work is named, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import IMPLEMENTATIONS, App, running
from tests.support.ports import free_port
from tests.support.videos import write_clip

SETTINGS = """
[[cameras]]
name = "gate"
source = "{folder}/clip.avi"

[[cameras]]
name = "main"
source = "http://127.0.0.1:{port}/video"

[[processors]]
name = "of-both"
run = "{folder}/mine.py:nothing"
fps = 5

[[processors]]
name = "of-the-lost-one"
run = "{folder}/mine.py:nothing"
fps = 5
cameras = ["main"]
"""


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A settings file with a camera that cannot be reached."""
    port = free_port()
    write_clip(tmp_path / "clip.avi", 60, 30)
    (tmp_path / "mine.py").write_text("def nothing(frame):\n    return []\n")
    file = tmp_path / "vision.toml"
    file.write_text(SETTINGS.format(folder=tmp_path, port=port))
    return str(file)


def readiness(app: App) -> tuple[int, dict[str, Any]]:
    answer = app.ask("/readyz")
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("implementation", [*IMPLEMENTATIONS, "zenoh"])
def test_a_lost_camera_is_named_and_its_processors_are_not(implementation: str, settings: str) -> None:
    expected = {"ready": False, "frames": False, "inference": False, "problems": ["source main is lost"]}
    with running("--impl", implementation, "--config", settings) as app:
        app.until(lambda: readiness(app) == (503, expected), "the lost camera alone")
        assert app.stats()["results"].keys() == {"gate"}
