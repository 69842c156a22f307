"""The ingest websocket: the token of roles, validation of their messages, and what they receive."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from common.messaging.messages import FrameHeader, pack_frame
from tests.support.servers import (
    MODEL,
    PATIENCE_S,
    UPGRADE,
    Server,
    ask,
    frame,
    frame_id_of,
    next_frame,
    next_text,
    send,
    until_setting,
    until_viewers,
)

PUBLIC_PATHS = ("/", "/ws/ui", "/healthz", "/readyz", "/metrics", "/api/stats", "/api/events", "/api/detections",
                "/snapshot.jpg", "/stream.mjpg")  # fmt: skip


@pytest.mark.parametrize(
    "header", [None, "", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer ÿ"]
)
async def test_a_client_without_the_token_gets_401(server: Server, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(token=server.ingest_token)}
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(f"ws://127.0.0.1:{server.ingest_port}/ingest", additional_headers=headers, proxy=None):
            pass
    assert refusal.value.response.status_code == 401


async def test_token_in_the_query_is_refused(server: Server) -> None:
    url = f"ws://127.0.0.1:{server.ingest_port}/ingest?token={server.ingest_token}"
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(url, proxy=None):
            pass
    assert refusal.value.response.status_code == 401


@pytest.mark.parametrize(
    "invalid",
    [
        "not JSON",
        "{}",
        '{"type": "hello"}',
        '{"type": "set", "name": "min_score", "value": 0.5}',
        '{"type": "status", "component": "source", "state": "tired", "message": ""}',
        '{"type": "report", "role": "provider", "pid": 1, "samples": {"made_up_ms": [1.0]}}',
        '{"type": "report", "role": "provider", "pid": 1, "drops": {"no cause": 1}}',
        '{"type": "report", "role": "provider", "pid": 1, "counts": {"captured": -1}}',
        b"",
        b"\x00\x00",
        b"\xff\xff\xff\xff" + b"x" * 100,
        b"\x00\x00\x00\x02{}" + b"\xff\xd8\xff\xd9",
        frame(1, captured_at=0.5)[:-1],
        pack_frame(FrameHeader(camera="main", frame_id=1, captured_at=0, width=1, height=1), b"not a JPEG"),
    ],
    ids=lambda invalid: repr(invalid[:60]),
)
async def test_invalid_message_closes_only_the_client_that_sent_it(server: Server, invalid: str | bytes) -> None:
    async with server.role() as other, server.viewer() as viewer, server.role() as role:
        await role.send(invalid)
        await asyncio.wait_for(role.wait_closed(), PATIENCE_S)
        await other.send(frame(2))
        assert frame_id_of(await next_frame(viewer)) == 2
        assert server.ask("/api/stats").status == server.ask("/metrics").status == 200


async def test_role_can_reconnect_after_its_connection_was_closed(server: Server) -> None:
    async with server.viewer() as viewer:
        async with server.role() as role:
            await role.send("not JSON")
            await asyncio.wait_for(role.wait_closed(), PATIENCE_S)
        async with server.role() as role:
            await role.send(frame(3))
            assert frame_id_of(await next_frame(viewer)) == 3


def test_the_ingest_socket_is_not_on_the_public_port(server: Server) -> None:
    headers = {**UPGRADE, "Authorization": f"Bearer {server.ingest_token}"}
    assert server.ask("/ingest", headers).status == 404


@pytest.mark.parametrize("path", PUBLIC_PATHS)
def test_nothing_public_is_on_the_ingest_port(server: Server, path: str) -> None:
    headers = {**UPGRADE, "Authorization": f"Bearer {server.ingest_token}"}
    assert ask(server.ingest_port, path, headers).status == 404


async def test_roles_receive_the_number_of_viewers(server: Server) -> None:
    async with server.role() as role:
        await until_viewers(role, 0)
        async with server.viewer():
            await until_viewers(role, 1)
            async with server.viewer():
                await until_viewers(role, 2)
                async with server.role() as late:
                    await until_viewers(late, 2)
            await until_viewers(role, 1)
        await until_viewers(role, 0)


async def test_a_role_receives_the_changed_settings_when_it_connects(server: Server) -> None:
    async with server.viewer() as viewer, server.role() as role:
        await viewer.send('{"type": "set", "name": "infer_repeat", "value": 3}')
        await viewer.send('{"type": "set", "name": "min_score", "value": 0.75}')
        await until_setting(role, "min_score", 0.75)
        async with server.role() as late:
            received = [json.loads(await asyncio.wait_for(late.recv(), PATIENCE_S)) for _ in range(3)]
    assert received.pop() == {"type": "viewers", "count": 1}
    settings = {message["name"]: message["value"] for message in received}
    assert settings == {"infer_repeat": 3, "min_score": 0.75}  # unchanged settings are not sent


async def test_hello_keeps_the_model_after_the_processor_disconnects(server: Server) -> None:
    async with server.viewer() as viewer:
        async with server.role() as role:
            await send(role, MODEL)
            while (await next_text(viewer, "hello"))["model"] != MODEL.name:
                pass
        async with server.viewer() as late:
            assert json.loads(await asyncio.wait_for(late.recv(), PATIENCE_S))["model"] == MODEL.name
