"""The whole app as a user starts it: what viewers receive, how it ends, and the restart of its roles."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

from common.model_zoo.resolve import default_model, sample_clip
from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, ROOT, WINDOWS, App, ViewerClient, running, viewing

ROLES = {"server", "provider", "processor"}
ROOM = 0.15  # tolerance of a rate on a busy machine


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def app(implementation: str) -> Iterator[App]:
    """The app without other flags, ready."""
    with running("--impl", implementation) as app:
        app.wait_until_ready()
        yield app


@pytest.fixture(scope="module")
def viewed(app: App) -> ViewerClient:
    """A viewer after a few seconds."""
    return asyncio.run(view(app, 30, 15, 5))


@pytest.fixture(scope="module")
def mortal() -> Iterator[App]:
    """The app in processes, some of which the tests kill."""
    with running() as app:
        app.wait_until_ready()
        yield app


async def view(app: App, capture_fps: float, ui_fps: float, queue_fps: float) -> ViewerClient:
    """Return a viewer after a few seconds, disconnected again: the first that has received at these rates, or the last.

    In a window in which the machine stops, or starts roles, the rates are others.
    """
    for _ in range(WINDOWS):
        async with viewing(app) as viewer:
            await viewer.receive(3.5)
        stats = viewer.messages_of("stats")
        captured_fps = stats[-1]["rates"].get("captured", 0) if stats else 0
        if captured_fps == pytest.approx(capture_fps, rel=2 * ROOM) and (
            (viewer.frame_rate(), viewer.detection_rate()) == pytest.approx((ui_fps, queue_fps), rel=ROOM)
        ):
            break
    return viewer


def test_it_prints_its_address_and_what_runs(app: App, implementation: str) -> None:
    printed = dict(line.split(maxsplit=1) for line in app.stdout.splitlines()[1:])
    assert app.link == f"http://localhost:{app.port}/"
    assert printed["implementation"] == implementation
    assert printed["source"] == sample_clip().name
    assert printed["model"] == default_model().name
    assert printed["rates"] == "capture 30, UI 15, queue 5 FPS"


def test_a_viewer_receives_frames_and_detections_at_their_rates(viewed: ViewerClient) -> None:
    assert viewed.frame_rate() == pytest.approx(15, rel=ROOM)
    assert viewed.detection_rate() == pytest.approx(5, rel=ROOM)


def test_hello_describes_what_runs(viewed: ViewerClient, implementation: str) -> None:
    hello = viewed.messages_of("hello")[0]
    assert hello["implementation"] == implementation
    assert hello["rates"] == {"capture_fps": 30, "ui_fps": 15, "queue_fps": 5}
    assert hello["model"] == default_model().name
    assert "car" in hello["labels"]


def test_frame_ids_and_times_rise(viewed: ViewerClient) -> None:
    for earlier, later in pairwise(frame.header for frame in viewed.frames):
        assert earlier["frame_id"] < later["frame_id"]
        assert earlier["captured_at"] < later["captured_at"]


def test_every_jpeg_decodes_to_the_size_in_its_header(viewed: ViewerClient) -> None:
    for frame in viewed.frames:
        image = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape == (frame.header["height"], frame.header["width"], 3)
        assert image.std() > 5


def test_detections_are_of_the_frames_that_were_captured(viewed: ViewerClient) -> None:
    first, last = (viewed.frames[index].header["frame_id"] for index in (0, -1))
    labels = set(viewed.messages_of("hello")[0]["labels"])
    for words in viewed.messages_of("detections"):
        assert first - 30 < words["frame_id"] < last + 30
        assert words["processing_ms"] >= words["inference_ms"] > 0
        assert {found["label"] for found in words["detections"]} <= labels


def test_stats_contain_the_measurements_of_every_role(viewed: ViewerClient, app: App, implementation: str) -> None:
    stats = viewed.messages_of("stats")[-1]
    for stage, fps in {"captured": 30, "queued": 5, "processed": 5}.items():
        assert stats["rates"][stage] == pytest.approx(fps, rel=2 * ROOM)  # over reports that are sent once a second
    for stage in ("sent", "delivered"):  # their window began before the viewer came
        assert 0 < stats["rates"][stage] < 15 * (1 + ROOM)
    assert stats["percentiles"].keys() >= {"inference_ms", "processing_ms", "processor_age_ms", "encode_ms"}
    assert stats["roles"].keys() == ROLES
    pids = {role["pid"] for role in stats["roles"].values()}
    assert len(pids) == (3 if implementation == "multiprocessing" else 1)
    assert pids <= {process.pid for process in app.processes()}
    for role in stats["roles"].values():
        assert role["memory_mb"] > 10
        assert role["gil_delay_p99_ms"] >= role["gil_delay_p50_ms"]


def test_metrics_contain_the_measurements_of_every_role(app: App) -> None:
    found = {
        (sample.name, *sorted(value for name, value in sample.labels.items() if name not in ("camera", "processor")))
        for family in text_string_to_metric_families(app.ask("/metrics").body.decode())
        for sample in family.samples
    }
    for stage in ("captured", "queued", "overwritten", "taken", "processed"):
        assert ("vision_frames_total", stage) in found
    for role in ROLES:
        assert ("vision_gil_delay_seconds_count", role) in found
        assert ("vision_cpu_cores", role) in found
        assert ("vision_memory_bytes", role) in found


def test_a_snapshot_is_served_without_a_viewer(app: App) -> None:
    app.until(lambda: app.stats()["viewers"] == 0, "no viewer is connected")
    image = cv2.imdecode(np.frombuffer(app.ask("/snapshot.jpg").body, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.std() > 5


def test_inference_times_are_logged(app: App) -> None:
    app.until(lambda: " ms median" in app.stderr, "a line on inference")


async def test_it_starts_in_the_folder_of_an_implementation_with_three_other_rates(implementation: str) -> None:
    flags = ("--capture-fps", "25", "--ui-fps", "10", "--queue-fps", "4")
    with running(*flags, folder=ROOT / f"{implementation}_impl") as app:
        app.wait_until_ready()
        viewer = await view(app, 25, 10, 4)
    assert viewer.messages_of("hello")[0]["implementation"] == implementation
    assert viewer.messages_of("stats")[-1]["rates"]["captured"] == pytest.approx(25, rel=2 * ROOM)
    assert viewer.frame_rate() == pytest.approx(10, rel=ROOM)
    assert viewer.detection_rate() == pytest.approx(4, rel=ROOM)


async def test_video_returns_after_the_provider_was_killed(mortal: App) -> None:
    victim = mortal.role("provider")
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: len(viewer.frames) > 5)
        victim.kill()
        await viewer.until(lambda viewer: viewer.has_status("provider", "restarting"))
        before = viewer.frames[-1].header["frame_id"]
        viewer.clear()
        await viewer.until(lambda viewer: len(viewer.frames) > 5 and viewer.has_status("provider", "ok"))
        assert viewer.frames[-1].header["frame_id"] > before
        viewer.clear()
        await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)


async def test_video_continues_and_detections_return_after_the_processor_was_killed(mortal: App) -> None:
    victim = mortal.role("processor")
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)
        victim.kill()
        viewer.clear()
        await viewer.until(lambda viewer: viewer.has_status("processor", "restarting"))
        await viewer.until(lambda viewer: viewer.has_status("processor", "ok"))
        await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)
    assert viewer.frame_rate() > 15 / 2  # a model is loaded on two cores meanwhile


async def test_a_viewer_can_reconnect_after_the_server_was_killed(mortal: App) -> None:
    victim = mortal.role("server")
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: len(viewer.frames) > 5)
        victim.kill()
        with pytest.raises(ConnectionClosed):
            await viewer.receive(PATIENCE_S)
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: len(viewer.frames) > 5 and len(viewer.messages_of("detections")) > 2)
        await viewer.until(lambda viewer: viewer.has_status("server", "ok"))
    assert viewer.messages_of("hello")[-1]["model"] == default_model().name


async def test_live_settings_outlive_the_server_and_the_processor(mortal: App) -> None:
    async with viewing(mortal) as viewer:
        await viewer.set("min_score", 0.11)
        await viewer.until(lambda viewer: 0.11 in thresholds(viewer))
    for name in ("processor", "server"):
        role = mortal.role(name)
        role.kill()
        role.wait(PATIENCE_S)
    async with viewing(mortal) as viewer:
        await viewer.until(lambda viewer: bool(thresholds(viewer)))
        assert thresholds(viewer)[0] == 0.11
        await viewer.set("min_score", 0.3)
        await viewer.until(lambda viewer: 0.3 in thresholds(viewer))


def thresholds(viewer: ViewerClient) -> list[float]:
    return [hello["settings"]["min_score"] for hello in viewer.messages_of("hello")]
