"""Several cameras and processors: each pair at its own rate, and the failure of one role leaves the others alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS, App, ViewerClient, rate, running, viewing
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

CAMERAS = ("gate", "yard", "road", "dock")
PROCESSORS = {"vehicles": 5.0, "people": 2.0}
ROOM = 0.2  # tolerance of a rate on a busy machine


def write_settings(folder: Path) -> Path:
    """Write a settings file with four cameras of small clips and two processors of small models."""
    lines = ["ui_fps = 15"]
    for name in CAMERAS:
        clip = write_clip(folder / f"{name}.avi", 60, 30)
        lines += ["[[cameras]]", f'name = "{name}"', f'source = "{clip}"']
    for name, fps in PROCESSORS.items():
        model = save_yolox(folder / f"{name}.onnx")
        lines += ["[[processors]]", f'name = "{name}"', f'model = "{model}"', f"fps = {fps}"]
    file = folder / "vision.toml"
    file.write_text("\n".join(lines))
    return file


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_settings(tmp_path_factory.mktemp("cameras"))


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def app(request: pytest.FixtureRequest, settings_file: Path) -> Iterator[App]:
    with running("--impl", request.param, "--config", str(settings_file)) as app:
        app.wait_until_ready()
        yield app


def frame_rates(viewer: ViewerClient) -> dict[str, float]:
    """Return the frames a second of each camera."""
    return {name: rate([frame.at for frame in viewer.frames if frame.header["camera"] == name]) for name in CAMERAS}


async def test_every_camera_reaches_a_viewer_at_the_ui_rate(app: App) -> None:
    async with viewing(app) as viewer:
        await viewer.until(lambda viewer: {frame.header["camera"] for frame in viewer.frames} == set(CAMERAS))
        viewer.clear()
        await viewer.receive(4)
    assert frame_rates(viewer) == {name: pytest.approx(15, rel=ROOM) for name in CAMERAS}


def test_every_camera_and_processor_is_named_at_the_start(app: App) -> None:
    printed = app.stdout
    assert [name for name in CAMERAS if f"camera {name}" in printed] == list(CAMERAS)
    assert [name for name in PROCESSORS if f"processor {name}" in printed] == list(PROCESSORS)
