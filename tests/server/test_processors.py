"""Several processors: their models, their results of each camera, and which of them is not ready."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from common.messaging.messages import Model, Status
from tests.support.servers import (
    Server,
    detections,
    frame,
    next_text,
    send,
    serving,
)

JPEG = b"\xff\xd8 pixels \xff\xd9"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=("gate", "yard"), processors=("vehicles", "people")) as server:
        yield server


async def test_stats_have_the_results_a_second_of_each_pair_of_camera_and_processor(server: Server) -> None:
    async with server.role() as role:
        for number in range(12):
            for camera, processor, every in (("gate", "vehicles", 1), ("gate", "people", 2), ("yard", "vehicles", 3)):
                if number % every == 0:
                    await send(role, detections(camera, number).model_copy(update={"processor": processor}))
            await asyncio.sleep(0.1)
        results = json.loads(server.ask("/api/stats").body)["results"]
    assert {camera: set(rates) for camera, rates in results.items()} == {
        "gate": {"vehicles", "people"},
        "yard": {"vehicles"},
    }
    assert results["gate"]["vehicles"] <= 10
    assert results["gate"]["vehicles"] > 1.5 * results["gate"]["people"] > 1.5 * results["yard"]["vehicles"] > 0


async def test_hello_describes_cameras_and_processors_with_the_models_that_they_loaded(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        hello = await next_text(viewer, "hello")
        assert [camera["name"] for camera in hello["cameras"]] == ["gate", "yard"]
        assert hello["cameras"][0].keys() == {"name", "source", "capture_fps", "ui_fps", "ui_width"}
        assert [(each["name"], each["model"]) for each in hello["processors"]] == [
            ("vehicles", "loading"),
            ("people", "loading"),
        ]
        await send(role, Model(processor="people", name="people.onnx", labels=("person", "car")))
        await send(role, Model(processor="vehicles", name="cars.onnx", labels=("car",)))
        while (hello := await next_text(viewer, "hello"))["model"] != "cars.onnx":
            pass
    assert [each["labels"] for each in hello["processors"]] == [["car"], ["person", "car"]]
    assert hello["labels"] == ["car", "person"]


async def test_models_of_all_processors_or_of_one_are_kept_for_a_role_that_connects_later(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        chosen: dict[str, dict[str, str]] = {}
        for processor, model in (("moon", "default"), ("people", "other"), ("all", "default"), ("vehicles", "other")):
            chosen[processor] = {"type": "model_change", "model": model}
            if processor != "all":
                chosen[processor]["processor"] = processor
            await viewer.send(json.dumps(chosen[processor]))
            if processor != "moon":
                assert await next_text(role, "model_change") == chosen[processor]
        async with server.role() as late:  # the choice for all replaced that for people
            assert [await next_text(late, "model_change") for _ in range(2)] == [chosen["all"], chosen["vehicles"]]


async def test_a_model_for_code_of_ones_own_is_not_passed_on() -> None:
    with serving(processors=("vehicles", "motion"), own_code=frozenset({"motion"})) as server:
        async with server.role() as role, server.viewer() as viewer:
            hello = await next_text(viewer, "hello")
            assert [each["has_model"] for each in hello["processors"]] == [True, False]
            for processor in ("motion", "vehicles"):
                await viewer.send(json.dumps({"type": "model_change", "model": "other", "processor": processor}))
            assert (await next_text(role, "model_change"))["processor"] == "vehicles"


async def test_detections_of_another_source_have_the_id_of_the_nearest_frame_of_viewers() -> None:
    with serving(cameras=("gate", "yard"), detect_sources=frozenset({"gate"})) as server:
        async with server.role() as role, server.viewer() as viewer:
            await next_text(viewer, "hello")
            await send(role, detections("gate", 7).model_copy(update={"captured_at": 100.0}))
            assert (await next_text(viewer, "detections"))["frame_id"] == 7  # no frame yet
            for camera in ("gate", "yard"):
                for frame_id in range(200):
                    await role.send(frame(frame_id, JPEG, camera, captured_at=100 + frame_id / 10))
            for captured_at, frame_id in ((0.0, 72), (117.26, 173), (117.24, 172), (999.0, 199)):
                found = detections("gate", 1000).model_copy(update={"captured_at": captured_at})
                await send(role, found)
                expected = found.model_dump(mode="json") | {"frame_id": frame_id}
                assert await next_text(viewer, "detections") == expected
            assert json.loads(server.ask("/api/detections?camera=gate").body)["detections"] == [expected]
            await send(role, detections("yard", 1000))
            assert (await next_text(viewer, "detections"))["frame_id"] == 1000


async def test_readyz_names_the_camera_and_the_processor_that_are_not_ready(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for camera, state in (("gate", "ok"), ("yard", "lost")):
            await send(role, Status(component="source", camera=camera, state=state))
        await send(role, Status(component="processor", processor="people", state="restarting"))
        while (await next_text(viewer, "status"))["component"] != "processor":
            pass
        problems = json.loads(server.ask("/readyz").body)["problems"]
    assert problems == ["source yard is lost", "processor people is restarting", "source gate gives no frames"]
