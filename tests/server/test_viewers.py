"""Messages between viewers and the server: contents, order, credit and settings."""

import asyncio
import json
import time
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from common.messaging.messages import Detection, Detections, Status
from tests.support.servers import (
    MODEL,
    PATIENCE_S,
    RATES,
    Server,
    frame,
    frame_id_of,
    next_frame,
    next_text,
    received_by_now,
    send,
    until_setting,
    until_viewers,
)
from tests.support.waiting import wait_until


async def test_hello_is_the_first_message_and_describes_the_app(server: Server) -> None:
    async with server.role() as role:
        await send(role, MODEL)
        async with server.viewer() as early:
            await received_by_now(role, early)
            await role.send(frame(1))
            async with server.viewer() as viewer:
                first = json.loads(await asyncio.wait_for(viewer.recv(), PATIENCE_S))
    assert first["type"] == "hello"
    assert first["protocol"] == 1
    assert first["implementation"] == "threading"
    assert (first["model"], first["source"]) == ("cars.onnx", "road.mp4")
    assert first["rates"] == {"capture_fps": 30, "ui_fps": 15, "queue_fps": 5} == RATES.model_dump()
    assert first["labels"] == ["car", "bus"]


async def test_hello_is_sent_again_when_a_model_is_loaded(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        assert (await next_text(viewer, "hello"))["labels"] == []
        await send(role, MODEL)
        assert (await next_text(viewer, "hello"))["labels"] == ["car", "bus"]


async def test_frames_arrive_in_order_and_unchanged(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in range(1, 11):
            sent = frame(number)
            await role.send(sent)
            assert await next_frame(viewer) == sent


async def test_detections_reach_every_viewer_as_they_were_sent(server: Server) -> None:
    found = Detections(
        camera="main",
        frame_id=7,
        captured_at=1700000000.5,
        inference_ms=8.5,
        processing_ms=9.5,
        detections=(Detection(label="car", score=0.5, box=(0.1, 0.2, 0.3, 0.4)),),
    )
    async with server.role() as role, server.viewer() as one, server.viewer() as other:
        for viewer in (one, other):
            await next_text(viewer, "hello")
        await send(role, found)
        for viewer in (one, other):
            assert await next_text(viewer, "detections") == found.model_dump(mode="json")


async def test_slow_viewer_gets_the_latest_frame_and_skips_older_ones(server: Server) -> None:
    async with server.role() as role, server.viewer("?credit=1") as viewer:
        await role.send(frame(1))
        assert frame_id_of(await next_frame(viewer)) == 1
        for number in range(2, 11):
            await role.send(frame(number))
        assert frames_in(await received_by_now(role, viewer)) == []
        await acknowledge(viewer, 1)
        assert frame_id_of(await next_frame(viewer)) == 10


async def test_credit_limits_the_unacknowledged_frames_and_each_ack_returns_one(server: Server) -> None:
    async with server.role() as role, server.viewer("?credit=2") as viewer:
        for number in (1, 2):
            await role.send(frame(number))
            assert frame_id_of(await next_frame(viewer)) == number
        await role.send(frame(3))
        assert frames_in(await received_by_now(role, viewer)) == []
        await acknowledge(viewer, 1)
        assert frame_id_of(await next_frame(viewer)) == 3
        await acknowledge(viewer, 2)
        await acknowledge(viewer, 3)
        for number in (4, 5):
            await role.send(frame(number))
            assert frame_id_of(await next_frame(viewer)) == number
        await role.send(frame(6))
        assert frames_in(await received_by_now(role, viewer)) == []


async def test_an_ack_of_an_unknown_frame_or_a_second_one_gives_no_credit(server: Server) -> None:
    async with server.role() as role, server.viewer("?credit=1") as viewer:
        await role.send(frame(1))
        await next_frame(viewer)
        await acknowledge(viewer, 1)
        await role.send(frame(2))
        assert frame_id_of(await next_frame(viewer)) == 2
        for unknown in (1, 1, 999, -1, 2**70):
            await acknowledge(viewer, unknown)
        await everything_is_read(viewer)
        await role.send(frame(3))
        assert frames_in(await received_by_now(role, viewer)) == []


@pytest.mark.parametrize("credit", ["", "0", "17", "-1", "1.5", "two", "%C2%B2", "9" * 5000])
async def test_invalid_credit_is_a_bad_request(server: Server, credit: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with server.viewer(f"?credit={credit}"):
            pass
    assert refusal.value.response.status_code == 400


async def test_a_viewer_without_credit_gets_every_frame_it_can_take(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in range(100):
            await role.send(frame(number))
            assert frame_id_of(await next_frame(viewer)) == number


async def test_latest_status_of_each_component_is_sent_to_a_new_viewer(server: Server) -> None:
    async with server.role() as role, server.viewer() as early:
        await send(role, Status(component="source", state="lost", message="no frames"))
        await send(role, Status(component="processor", state="restarting", message="process ended"))
        await send(role, Status(component="source", state="ok", message="frames again"))
        await received_by_now(role, early)
        async with server.viewer() as late:
            statuses = {}
            for _ in ("source", "processor", "the mark"):
                status = await next_text(late, "status")
                statuses[status["component"]] = (status["state"], status["message"])
    assert statuses["source"] == ("ok", "frames again")
    assert statuses["processor"] == ("restarting", "process ended")


async def test_setting_is_sent_to_roles_and_in_hello_to_all_viewers(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer, server.viewer() as other:
        for each in (viewer, other):
            await next_text(each, "hello")
        await viewer.send('{"type": "set", "name": "min_score", "value": 0.75}')
        await until_setting(role, "min_score", 0.75)
        for each in (viewer, other):
            assert (await next_text(each, "hello"))["settings"]["min_score"] == 0.75
        async with server.viewer() as late:
            assert (await next_text(late, "hello"))["settings"]["min_score"] == 0.75
        async with server.role() as late_role:
            await until_setting(late_role, "min_score", 0.75)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_score", 7),
        ("min_score", True),
        ("infer_repeat", 0),
        ("viewers", 0),
        ("ui_fps", 60),
        ("port", 1),
        ("changed", 1),
    ],
)
async def test_invalid_setting_is_ignored(server: Server, name: str, value: float) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await next_text(viewer, "hello")
        await until_viewers(role, 1)
        await viewer.send(json.dumps({"type": "set", "name": name, "value": value}))
        await everything_is_read(viewer)
        assert await received_by_now(role, viewer) == []
        await viewer.send('{"type": "set", "name": "infer_repeat", "value": 2}')
        assert await next_text(role, "set") == {"type": "set", "name": "infer_repeat", "value": 2}


async def test_a_model_is_chosen_by_a_name_that_the_hello_offers_and_repeated_to_new_roles(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        assert (await next_text(viewer, "hello"))["models"] == ["default", "other"]
        for name in ("../other", "other.onnx", "third", "other"):
            await viewer.send(json.dumps({"type": "model_change", "model": name}))
        expected = {"type": "model_change", "model": "other"}
        assert await next_text(role, "model_change") == expected
        async with server.role() as new_role:
            assert await next_text(new_role, "model_change") == expected


async def test_stats_are_sent_once_a_second(server: Server) -> None:
    async with server.viewer() as viewer:
        times = []
        for _ in range(4):
            await next_text(viewer, "stats")
            times.append(time.monotonic())
    # The median: after a stop of this machine one interval is long, and the next may be short.
    assert median(later - earlier for earlier, later in pairwise(times)) == pytest.approx(1, rel=0.2)


async def test_two_hundred_viewers_each_get_the_frame(server: Server) -> None:
    async with server.role() as role:
        viewers = [await server.viewer() for _ in range(200)]
        try:
            await until_viewers(role, 200)
            await role.send(frame(9))
            got = await asyncio.gather(*(next_frame(viewer) for viewer in viewers))
        finally:
            await asyncio.gather(*(viewer.close() for viewer in viewers))
        assert {frame_id_of(message) for message in got} == {9}
        await until_viewers(role, 0)
    wait_until(lambda: json.loads(server.ask("/api/stats").body)["viewers"] == 0, "the number of viewers is 0")


async def acknowledge(viewer: ClientConnection, frame_id: int) -> None:
    await viewer.send(json.dumps({"type": "ack", "frame_id": frame_id}))


async def everything_is_read(viewer: ClientConnection) -> None:
    """Wait until the server has read all messages of the viewer: messages and pings are handled in order."""
    await asyncio.wait_for(await viewer.ping(), PATIENCE_S)


def frames_in(received: list[bytes | dict[str, Any]]) -> list[int]:
    return [frame_id_of(message) for message in received if isinstance(message, bytes)]
