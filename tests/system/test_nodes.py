"""Three nodes on one machine, joined by TLS: video, boxes, and a node that is killed and started again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps import App, viewing
from tests.support.cluster import Cluster, ended, eventually, flows, wait_until_ready
from tests.support.node_settings import NODES, write_settings


@pytest.fixture
def cluster_file(small: tuple[str, ...], tmp_path: Path) -> Path:
    """The settings of three nodes, with their certificates."""
    _, source, _, model = small
    return write_settings(tmp_path, source, f"model = {json.dumps(model)}")


@pytest.fixture
def cluster(cluster_file: Path) -> Iterator[Cluster]:
    """Three nodes, started in an order in which two have to wait."""
    with ended(Cluster(cluster_file)) as cluster:
        for node in NODES:
            cluster.start(node)
        yield cluster


@pytest.mark.timeout(400)
async def test_video_and_detections_of_other_nodes_flow_and_return_after_each_node_was_killed(cluster: Cluster) -> None:
    hub = cluster.apps["hub"]
    await asyncio.to_thread(wait_until_ready, hub)
    async with viewing(hub) as viewer:
        await eventually(viewer, flows)
        assert {frame.header["camera"] for frame in viewer.frames} == {"gate"}
        nodes = hub.stats()["nodes"]
        assert [node["connected"] for node in nodes.values()] == [True] * len(NODES)
        assert all(nodes[name]["received_bytes"] > 0 for name in ("gate-box", "gpu-box"))
        assert b'vision_node_connected{node="gate-box"} 1.0' in hub.ask("/metrics").body
        for node, role in (("gate-box", "provider"), ("gpu-box", "processor")):
            viewer.clear()
            await asyncio.to_thread(cluster.kill, node)
            await eventually(viewer, lambda viewer, role=role: viewer.has_status(role, "lost"))  # type: ignore[misc]
            viewer.clear()
            cluster.start(node)
            await eventually(viewer, lambda viewer, role=role: viewer.has_status(role, "ok"))  # type: ignore[misc]
            await eventually(viewer, flows)
    await asyncio.to_thread(cluster.kill, "hub")
    hub = cluster.start("hub")
    await asyncio.to_thread(wait_until_ready, hub)
    async with viewing(hub) as viewer:
        await eventually(viewer, flows)
        assert viewer.messages_of("hello")[-1]["labels"] == ["class 0", "class 1"]


def test_a_server_names_what_runs_on_nodes_that_are_not_connected(cluster_file: Path) -> None:
    with ended(Cluster(cluster_file)) as cluster:
        hub = cluster.start("hub")
        hub.until(lambda: problems(hub) >= {"provider gate is lost", "processor finder is lost"}, "both statuses")


def problems(app: App) -> set[str]:
    return set(json.loads(app.ask("/readyz").body)["problems"])
