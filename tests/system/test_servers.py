"""Two servers over the cameras of a third node: what viewers watch and change on one of them counts on both."""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest

from tests.support.apps import PATIENCE_S, App, ViewerClient, viewing
from tests.support.cluster import Cluster, ended, eventually, flows, wait_until_ready
from tests.support.node_settings import write_settings

LINE = {"name": "middle", "points": [[0.1, 0.5], [0.9, 0.5]]}
MIN_SCORE, MODEL = 0.85, "tiny-yolov3-road.onnx"


@pytest.fixture(scope="module")
def cluster(small: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("servers")
    file = write_settings(folder, small[1], f"model = {json.dumps(small[3])}", servers=("hub", "hall"))
    with ended(Cluster(file)) as cluster:
        for node in ("hub", "hall", "gate-box", "gpu-box"):
            cluster.start(node)
        for node in ("hub", "hall"):
            wait_until_ready(cluster.apps[node])
        yield cluster


def counters(app: App) -> dict[str, float]:
    return dict(app.stats()["counters"])


async def encoded_per_captured(app: App) -> float:
    """Return how many frames a camera encodes for viewers, of each that it captures, by its next report."""
    before = await asyncio.to_thread(counters, app)

    def later() -> dict[str, float] | None:
        now = counters(app)
        return now if now["captured"] > before["captured"] else None

    after = await asyncio.to_thread(app.until, later, "frames are captured")
    return (after.get("sent", 0) - before.get("sent", 0)) / (after["captured"] - before["captured"])


async def until_nothing_is_encoded(app: App) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while await encoded_per_captured(app) > 0:
        assert time.monotonic() < deadline, "frames are encoded without viewers"


async def test_a_camera_is_encoded_once_for_all_servers_and_while_there_is_a_viewer(cluster: Cluster) -> None:
    hub, hall = cluster.apps["hub"], cluster.apps["hall"]
    await until_nothing_is_encoded(hub)
    async with viewing(hall) as staying:
        async with viewing(hub) as leaving:
            await eventually(staying, flows)
            await eventually(leaving, flows)
            await encoded_per_captured(hall)  # the report that began before both viewed
            share = await encoded_per_captured(hall)
            assert 0 < share < 0.75  # 15 FPS of 30; encoded for each server, it would be 1
        await encoded_per_captured(hall)  # long enough for frames that were on their way
        await staying.receive(0.1)
        staying.clear()
        await eventually(staying, flows)
    await asyncio.gather(*map(until_nothing_is_encoded, (hub, hall)))


def is_shown(viewer: ViewerClient) -> bool:
    """Return whether the newest hello has what was changed: the threshold, the line and the model."""
    newest = (viewer.messages_of("hello") or [{"settings": {}}])[-1]
    if newest["settings"].get("min_score") != MIN_SCORE:
        return False
    (finder,) = newest["processors"]
    return bool(finder["lines"] == [LINE] and finder["model"] == MODEL)


def is_in_force(viewer: ViewerClient) -> bool:
    """Return whether the processor counts at the line."""
    newest = (viewer.messages_of("detections") or [{}])[-1]
    return [each["text"] for each in newest.get("shapes", ())] == [LINE["name"]]


@pytest.mark.timeout(400)
async def test_changes_on_one_server_are_shown_by_the_other_and_outlive_both(cluster: Cluster) -> None:
    async with viewing(cluster.apps["hub"]) as one, viewing(cluster.apps["hall"]) as other:
        await one.set("min_score", MIN_SCORE)
        await one.choose_model("default")
        await other.draw("finder", lines=[LINE])
        for viewer in (one, other):
            await eventually(viewer, lambda viewer: is_shown(viewer) and is_in_force(viewer))
    for nodes in (("hall",), ("hub",), ("gpu-box",), ("hub", "hall")):
        for node in nodes:
            await asyncio.to_thread(cluster.kill, node)
        for node in nodes:
            cluster.start(node)
        for server in ("hub", "hall"):
            await asyncio.to_thread(wait_until_ready, cluster.apps[server])
            async with viewing(cluster.apps[server]) as viewer:
                await eventually(viewer, lambda viewer: is_shown(viewer) and is_in_force(viewer))
