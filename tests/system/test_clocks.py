"""Nodes whose clocks differ: ages, and the times of events, are those of the node that receives."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps import ViewerClient, viewing
from tests.support.cluster import Cluster, ended
from tests.support.node_settings import write_settings
from tests.support.shifted_clocks import ShiftedClock
from zenoh_impl.local_time import MAX_AGE_S

CODE = """
from common.processing import Event, Result

def process(frame):
    return Result((), events=[Event("seen", "a frame")])
"""
HOUR_S = 3600.0
START_S = 60.0
SET_S = 40.0  # for a clock that was set to be followed
NORMAL_AGE_S = 2.0  # on a busy machine; the clocks differ by more
ERROR_S = 0.5  # of an offset, on a busy machine
SLACK_S = 10.0  # from the server to this viewer, which may have to wait for the processor


@pytest.fixture
def cluster(small: tuple[str, ...], tmp_path: Path) -> Iterator[Cluster]:
    code = tmp_path / "code.py"
    code.write_text(CODE)
    with ended(Cluster(write_settings(tmp_path, small[1], f"run = {json.dumps(f'{code}:process')}"))) as cluster:
        yield cluster


def arrivals(viewer: ViewerClient) -> tuple[list[dict[str, float]], ...]:
    return [frame.header for frame in viewer.frames], viewer.messages_of("detections"), viewer.messages_of("event")


async def plausible_within(viewer: ViewerClient, seconds: float) -> None:
    """Receive until frames, detections and events are there, none older or younger than can be.

    Frames are never: they are dropped while the clock of their node is not known.
    """
    deadline = time.monotonic() + seconds
    while True:
        viewer.clear()
        began = time.time()
        await viewer.receive(1)
        found = arrivals(viewer)
        captured = [[each["captured_at"] for each in kind] for kind in found]
        now = time.time()
        assert all(began - MAX_AGE_S - SLACK_S < at < now + MAX_AGE_S for at in captured[0]), [
            at - now for at in captured[0]
        ]
        if all(kind and began - NORMAL_AGE_S < min(kind) and max(kind) < now + ERROR_S for kind in captured):
            return
        assert time.monotonic() < deadline, [[at - began for at in kind] for kind in captured]


@pytest.mark.timeout(300)
async def test_ages_do_not_depend_on_the_clocks_of_other_nodes_nor_on_one_that_is_set(
    cluster: Cluster, tmp_path: Path
) -> None:
    gate, gpu = ShiftedClock(tmp_path / "gate", HOUR_S), ShiftedClock(tmp_path / "gpu", -3)
    hub = cluster.start("hub")
    cluster.start("gate-box", gate.within)
    gpu_box = cluster.start("gpu-box", gpu.within)
    await asyncio.to_thread(hub.until, lambda: hub.ask("/readyz").status == 200, "readiness", START_S)
    async with viewing(hub) as viewer:
        await plausible_within(viewer, START_S)
        gate.set(-HOUR_S)
        await plausible_within(viewer, SET_S)
        gpu.set(HOUR_S)
        await plausible_within(viewer, SET_S)
        processor_age_ms = hub.stats()["percentiles"]["processor_age_ms"]
    assert 0 <= processor_age_ms["p50"] < 1000 * NORMAL_AGE_S
    assert "dropped" not in hub.stderr + gpu_box.stderr
