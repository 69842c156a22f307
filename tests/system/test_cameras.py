"""Several cameras and processors: each pair at its own rate, and the failure of one role leaves the others alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, App, ViewerClient, rate, running, viewing
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


@pytest.fixture(scope="module")
def mortal(settings_file: Path) -> Iterator[App]:
    """The app in processes, each of which the tests kill once."""
    with running("--config", str(settings_file)) as app:
        app.wait_until_ready()
        yield app


def frame_rates(viewer: ViewerClient) -> dict[str, float]:
    """Return the frames a second of each camera that sent any."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for frame in viewer.frames:
        times[frame.header["camera"]].append(frame.at)
    return {name: rate(each) for name, each in times.items() if len(each) > 1}


def detection_rates(viewer: ViewerClient) -> dict[tuple[str, str], float]:
    """Return the results a second of each pair of a camera and a processor that gave any."""
    times: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for at, message in viewer.messages:
        if message["type"] == "detections":
            times[message["camera"], message["processor"]].append(at)
    return {pair: rate(each) for pair, each in times.items() if len(each) > 1}


def frames_flow_from(names: Iterable[str]) -> Callable[[ViewerClient], bool]:
    return lambda viewer: frame_rates(viewer).keys() >= set(names)


async def test_every_camera_and_every_pair_has_its_own_rate(app: App) -> None:
    async with viewing(app) as viewer:
        await viewer.until(frames_flow_from(CAMERAS))
        await viewer.window(4, has_all_rates)


def has_all_rates(viewer: ViewerClient) -> bool:
    pairs = {(camera, name): fps for camera in CAMERAS for name, fps in PROCESSORS.items()}
    return frame_rates(viewer) == {name: pytest.approx(15, rel=ROOM) for name in CAMERAS} and (
        detection_rates(viewer) == {pair: pytest.approx(fps, rel=2 * ROOM) for pair, fps in pairs.items()}
    )


def test_every_camera_and_processor_is_named_at_the_start(app: App) -> None:
    names = [line.split()[:2] for line in app.stdout.splitlines()]
    assert [name for kind, name in names if kind == "camera"] == list(CAMERAS)
    assert [name for kind, name in names if kind == "processor"] == list(PROCESSORS)


async def test_a_killed_provider_stops_only_its_own_camera_until_it_is_back(mortal: App) -> None:
    async with viewing(mortal) as viewer:
        await viewer.until(frames_flow_from(CAMERAS))
        mortal.role("provider gate").kill()
        viewer.clear()
        await viewer.until(lambda viewer: has_status(viewer, "provider", "camera", "gate", "restarting"))
        await viewer.until(frames_flow_from(CAMERAS))
        await viewer.until(lambda viewer: has_status(viewer, "provider", "camera", "gate", "ok"))
    rates = frame_rates(viewer)
    del rates["gate"]
    assert rates.keys() == set(CAMERAS) - {"gate"}
    assert min(rates.values()) > 15 / 2  # a role starts on two cores meanwhile


async def test_a_killed_processor_stops_only_its_own_results_until_it_is_back(mortal: App) -> None:
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: len(detection_rates(viewer)) == len(CAMERAS) * len(PROCESSORS))
        mortal.role("processor people").kill()
        viewer.clear()
        await viewer.until(lambda viewer: has_status(viewer, "processor", "processor", "people", "restarting"))
        await viewer.until(lambda viewer: len(detection_rates(viewer)) == len(CAMERAS) * len(PROCESSORS))
        await viewer.until(lambda viewer: has_status(viewer, "processor", "processor", "people", "ok"))
    assert min(frame_rates(viewer).values()) > 15 / 2
    of_vehicles = [fps for (_, name), fps in detection_rates(viewer).items() if name == "vehicles"]
    assert len(of_vehicles) == len(CAMERAS)
    assert min(of_vehicles) > PROCESSORS["vehicles"] / 2


async def test_all_is_back_after_the_server_was_killed(mortal: App) -> None:
    victim = mortal.role("server")
    victim.kill()
    victim.wait(PATIENCE_S)
    async with viewing(mortal) as viewer:
        await viewer.until(frames_flow_from(CAMERAS))
        await viewer.until(lambda viewer: len(detection_rates(viewer)) == len(CAMERAS) * len(PROCESSORS))


def has_status(viewer: ViewerClient, component: str, key: str, name: str, state: str) -> bool:
    """Return whether this status of a camera or a processor arrived."""
    wanted = {"component": component, key: name, "state": state}
    return any(wanted.items() <= message.items() for message in viewer.messages_of("status"))
