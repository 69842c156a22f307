"""Events and detections: to viewers in order, and by /api/events and /api/detections."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from websockets.asyncio.client import ClientConnection

from common.messaging.event import MAX_THUMBNAIL_CHARACTERS, Event
from common.messaging.messages import Detection, Detections
from common.server import viewers
from common.server.event_history import MAX_BYTES, MAX_EVENTS, EventHistory
from tests.support.events import event
from tests.support.servers import PATIENCE_S, Server, next_text, received_by_now, send, serving

ALL = frozenset({"gate"})


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=("gate", "yard"), processors=("vehicles", "people")) as server:
        yield server


def asked(server: Server, path: str, name: str) -> list[dict[str, Any]]:
    answer = server.ask(path)
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "application/json"), answer.body
    (messages,) = json.loads(answer.body).items()
    assert messages[0] == name
    return list(messages[1])


def ids(events: list[dict[str, Any]]) -> list[int]:
    return [int(each["event_id"]) for each in events]


async def events_of(role: ClientConnection, viewer: ClientConnection) -> list[dict[str, Any]]:
    """Return the events that the viewer has received by now."""
    received = await received_by_now(role, viewer)
    return [each for each in received if isinstance(each, dict) and each["type"] == "event"]


async def test_every_event_reaches_the_viewers_of_its_camera_in_order_as_it_was_sent(server: Server) -> None:
    async with (
        server.role() as role,
        server.viewer("?camera=gate&frames=0") as gate,
        server.viewer("?camera=yard") as yard,
        server.viewer() as both,
    ):
        sent = [event(number, "AAAA") for number in range(20)]
        for each in sent:
            await send(role, each)
        assert await events_of(role, gate) == [each.model_dump() for each in sent]
        assert ids(await events_of(role, both)) == list(range(20))
        assert await events_of(role, yard) == []


async def test_an_event_that_is_sent_again_is_forwarded_once(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in (1, 2, 1, 3, 3):
            await send(role, event(number))
        assert ids(await events_of(role, viewer)) == [1, 2, 3]
    assert ids(asked(server, "/api/events", "events")) == [1, 2, 3]


async def test_a_viewer_that_reads_late_loses_the_oldest_events_and_they_are_counted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "MAX_EVENTS", 5)
    monkeypatch.setattr(viewers, "SEND_BUFFER_BYTES", 4096)
    count = 400
    thumbnail = "A" * MAX_THUMBNAIL_CHARACTERS
    async with server.role() as role, server.viewer(max_queue=1) as viewer:
        await next_text(viewer, "hello")
        for number in range(count):
            await send(role, event(number, thumbnail))
        received: list[int] = []
        while not received or received[-1] < count - 1:
            received.append(int((await next_text(viewer, "event"))["event_id"]))
        lost = 0
        async with asyncio.timeout(PATIENCE_S):
            while len(received) + lost < count:
                lost = (await next_text(viewer, "stats"))["drops"].get("viewer/too many events", 0)
    assert received == sorted(set(received))
    assert lost > 0
    assert len(received) + lost == count


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("?limit=2", [3, 4]),
        ("?since=1", [2, 3, 4]),
        ("?since=1&limit=2", [2, 3]),
        ("?since=4", []),
        ("?since=unknown", [0, 1, 2, 3, 4]),
        ("?since=unknown&limit=1", [0]),
        ("?camera=gate", [0, 1, 2, 3, 4]),
        ("?camera=gate&camera=yard&since=3", [4]),
        ("?camera=yard", []),
    ],
)
async def test_events_are_asked_for_by_id_number_and_camera(server: Server, query: str, expected: list[int]) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in range(5):
            await send(role, event(number))
        await events_of(role, viewer)
    assert ids(asked(server, f"/api/events{query}", "events")) == expected


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("limit=0", 400, "limit must be a whole number from 1 to 500, not 0"),
        ("limit=501", 400, "limit must be a whole number from 1 to 500, not 501"),
        ("limit=", 400, "limit must be a whole number from 1 to 500, not an empty text"),
        ("limit=%D9%A3", 400, "limit must be a whole number from 1 to 500, not ٣"),
        ("limit=1.5%0Ax", 400, "limit must be a whole number from 1 to 500, not 1.5 x"),
        ("limit=1&limit=2", 400, "limit must be given once"),
        ("since=", 400, "since must be the id of an event, not an empty text"),
        (f"since={'x' * 101}", 400, f"since must be the id of an event, not {'x' * 80}"),
        ("since=1&since=2", 400, "since must be given once"),
        ("camera=moon", 404, "no camera moon; the cameras are gate, yard"),
    ],
)
def test_a_bad_value_is_refused_by_name(server: Server, query: str, status: int, text: str) -> None:
    answer = server.ask(f"/api/events?{query}")
    assert (answer.status, answer.body.decode()) == (status, text)
    assert answer.headers["Content-Type"].startswith("text/plain")


async def test_the_newest_detections_of_each_camera_and_processor_are_given(server: Server) -> None:
    def found(camera: str, processor: str, frame_id: int) -> Detections:
        car = Detection(label="car", score=0.5, box=(0.1, 0.2, 0.3, 0.4))
        return Detections(camera=camera, processor=processor, frame_id=frame_id, captured_at=1.5, inference_ms=1,
                          processing_ms=2, detections=(car,), values={"cars": 1})  # fmt: skip

    expected = [found("gate", "people", 2), found("gate", "vehicles", 4), found("yard", "people", 3)]
    async with server.role() as role, server.viewer() as viewer:
        assert asked(server, "/api/detections", "detections") == []
        for each in (found("gate", "vehicles", 1), *expected, found("moon", "people", 5), found("gate", "moon", 6)):
            await send(role, each)
        await received_by_now(role, viewer)
    assert asked(server, "/api/detections", "detections") == [each.model_dump(mode="json") for each in expected]
    assert [each["frame_id"] for each in asked(server, "/api/detections?camera=yard", "detections")] == [3]
    assert server.ask("/api/detections?camera=moon").status == 404


async def test_an_event_with_an_id_of_any_characters_is_found(server: Server) -> None:
    odd = "ä/%&?#=+ \n"
    async with server.role() as role, server.viewer() as viewer:
        await send(role, event(1).model_copy(update={"event_id": odd}))
        await send(role, event(2))
        await events_of(role, viewer)
    assert ids(asked(server, f"/api/events?since={quote(odd, safe='')}", "events")) == [2]


def keep(history: EventHistory, kept: Event) -> None:
    assert history.add(kept, kept.model_dump_json())


def kept_ids(history: EventHistory) -> list[int]:
    return ids([json.loads(text) for text in history.newest(ALL, MAX_EVENTS)])


def test_the_history_keeps_a_number_of_events() -> None:
    history = EventHistory()
    for number in range(MAX_EVENTS + 10):
        keep(history, event(number))
    assert kept_ids(history) == list(range(10, MAX_EVENTS + 10))


def test_the_history_keeps_a_number_of_bytes() -> None:
    history = EventHistory()
    for number in range(MAX_EVENTS):
        keep(history, event(number, "A" * MAX_THUMBNAIL_CHARACTERS))
    assert kept_ids(history) == list(range(MAX_EVENTS - len(kept_ids(history)), MAX_EVENTS))
    assert 0.9 * MAX_BYTES < len(kept_ids(history)) * MAX_THUMBNAIL_CHARACTERS <= MAX_BYTES


async def test_many_events_delay_no_message_of_another_kind(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        for number in range(1000):
            await send(role, event(number))
        async with asyncio.timeout(PATIENCE_S):
            assert await events_of(role, viewer)
