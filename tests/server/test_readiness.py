"""Readiness of several cameras and processors: which of them /readyz names."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from common.messaging.info import CameraInfo, ProcessorInfo
from common.messaging.messages import State, Status
from common.messaging.report import Measurements, MetricsReport
from common.server.readiness import Readiness, readiness
from common.server.stats import StatsBoard
from tests.support.clock import Clock
from tests.support.servers import Server, received_by_now, send, serving

GATE, YARD = (
    CameraInfo(name=name, source="road.mp4", capture_fps=30, ui_fps=15, ui_width=0) for name in ("gate", "yard")
)
CARS, PEOPLE, BIRDS = (
    ProcessorInfo(name=name, cameras=cameras, fps=5, min_score=0.3)
    for name, cameras in (("cars", ("gate", "yard")), ("people", ("yard",)), ("birds", ("gate",)))
)
ALL: dict[str, tuple[str, ...]] = {"gate": ("cars", "birds"), "yard": ("cars", "people")}
"""The processors that give results, by camera that gives frames, when all is well."""


def report_of_provider(camera: str, **gauges: float) -> MetricsReport:
    return MetricsReport(
        role=f"provider {camera}", camera=camera, pid=1, duration_s=1, counts={"captured": 30}, gauges=gauges
    )


def report_of_processor(processor: str, camera: str) -> MetricsReport:
    part = Measurements(camera=camera, processor=processor, counts={"processed": 5})
    return MetricsReport(role=f"processor {processor}", processor=processor, pid=2, duration_s=1, parts=(part,))


def judged(working: dict[str, tuple[str, ...]], *statuses: Status) -> Readiness:
    """Return the readiness after reports of these cameras and processors."""
    board = StatsBoard(Clock())
    for camera, processors in working.items():
        board.add(report_of_provider(camera))
        for processor in processors:
            board.add(report_of_processor(processor, camera))
    return readiness(board, (GATE, YARD), (CARS, PEOPLE, BIRDS), statuses)


def fault(component: str, state: State = "lost", camera: str | None = None, processor: str | None = None) -> Status:
    return Status(component=component, state=state, camera=camera, processor=processor)


def test_all_work() -> None:
    assert judged(ALL) == Readiness(frames=True, inference=True, problems=[])


def test_a_camera_without_frames_is_named_and_not_the_processor_that_it_alone_feeds() -> None:
    found = judged({"gate": ("cars", "birds")})
    assert found == Readiness(frames=False, inference=False, problems=["source yard gives no frames"])


def test_a_processor_without_results_is_named_while_one_of_its_cameras_gives_frames() -> None:
    found = judged({"gate": ("birds",), "yard": ("people",)})
    assert found == Readiness(frames=True, inference=False, problems=["processor cars gives no detections"])
    assert judged({"gate": ("birds",)}).problems == [
        "source yard gives no frames",
        "processor cars gives no detections",
    ]


@pytest.mark.parametrize("component", ["source", "provider"])
def test_the_status_of_a_camera_replaces_its_silence_and_no_other(component: str) -> None:
    found = judged({}, fault(component, camera="yard"))
    assert found.problems == [f"{component} yard is lost", "source gate gives no frames"]


def test_the_status_of_a_processor_replaces_its_silence_and_no_other() -> None:
    found = judged({"gate": (), "yard": ()}, fault("processor", "restarting", processor="cars"))
    assert found.problems == [
        "processor cars is restarting",
        "processor people gives no detections",
        "processor birds gives no detections",
    ]


def test_a_degraded_state_does_not_explain_silence() -> None:
    found = judged({"gate": ("cars", "birds")}, fault("source", "degraded", camera="yard"))
    assert found.problems == ["source yard is degraded", "source yard gives no frames"]


def test_a_processor_of_a_lost_detect_source_is_not_named() -> None:
    found = judged({"gate": ("cars", "birds"), "yard": ()}, fault("detect source", camera="yard"))
    assert found == Readiness(frames=True, inference=False, problems=["detect source yard is lost"])


def test_a_camera_is_silent_after_its_own_time() -> None:
    clock = Clock()
    board = StatsBoard(clock)
    board.add(report_of_provider("gate", source_fps=0.5))  # three of its frames are due in 6 s
    board.add(report_of_provider("yard", source_fps=25.0))

    def problems() -> list[str]:
        return readiness(board, (GATE, YARD), (), ()).problems

    clock.now += 4.9
    assert problems() == []
    clock.now += 0.2
    assert problems() == ["source yard gives no frames"]
    clock.now += 1
    assert problems() == ["source gate gives no frames", "source yard gives no frames"]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=("gate", "main"), processors=("cars", "main")) as server:
        yield server


def ready(server: Server) -> tuple[int, dict[str, Any]]:
    answer = server.ask("/readyz")
    return answer.status, json.loads(answer.body)


async def test_readyz_names_what_gives_nothing_until_all_work(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await send(role, report_of_provider("gate"))
        await send(role, report_of_processor("main", "gate"))
        await received_by_now(role, viewer)
        status, found = await asyncio.to_thread(ready, server)
        assert (status, found["ready"], found["frames"], found["inference"]) == (503, False, False, False)
        assert found["problems"] == ["source main gives no frames", "processor cars gives no detections"]
        await send(role, report_of_provider("main"))
        await send(role, report_of_processor("cars", "main"))
        await received_by_now(role, viewer)
        found = {"ready": True, "frames": True, "inference": True, "problems": []}
        assert await asyncio.to_thread(ready, server) == (200, found)
