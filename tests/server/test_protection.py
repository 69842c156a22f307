"""Isolation of viewers: one that does not read, disconnects or sends invalid messages affects no other viewer."""

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from itertools import pairwise

import psutil
import pytest
from aiohttp import web
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from common.server import viewers
from common.server.viewers import MESSAGES_PER_S
from common.server.websocket import limit_send_buffer
from tests.support.servers import (
    PATIENCE_S,
    UPGRADE,
    Server,
    frame,
    frame_id_of,
    is_closed,
    large_jpeg,
    next_frame,
    next_text,
    until_viewers,
)

# A frame with a payload of 125 bytes, the maximum of a ping, masked with zeros (RFC 6455, sections 5.2 and 5.5).
PING = b"\x89\xfd" + bytes(4) + b"x" * 125


async def test_viewers_that_never_read_do_not_slow_another(server: Server) -> None:
    jpeg, fps, duration_s = large_jpeg(), 30, 2
    silent = [server.silent_reader("/ws/ui", UPGRADE) for _ in range(3)]
    try:
        async with server.role() as role, server.viewer() as viewer:
            arrivals = asyncio.create_task(frames_until_the_last(viewer, fps * duration_s))
            started = time.monotonic()
            for number in range(1, fps * duration_s + 1):
                await role.send(frame(number, jpeg))
                await asyncio.sleep(max(0, started + number / fps - time.monotonic()))
            ids, times = await asyncio.wait_for(arrivals, PATIENCE_S)
    finally:
        for peer in silent:
            peer.close()
    assert (len(times) - 1) / (times[-1] - times[0]) > 0.3 * fps  # on a busy machine; a write deadline takes seconds
    assert all(earlier < later for earlier, later in pairwise(ids))


async def test_little_is_queued_for_a_viewer_that_does_not_read(server: Server) -> None:
    jpeg, count = large_jpeg(), 100
    with server.silent_reader("/ws/ui", UPGRADE) as silent:
        async with server.role() as role, server.viewer() as viewer:
            for number in range(1, count + 1):
                await role.send(frame(number, jpeg))
                await next_frame(viewer)
        received = await asyncio.to_thread(bytes_until, silent, b'"frame_id":%d,' % count)
    # The first frames fill the socket buffers and the transport buffer; later frames are replaced by newer ones.
    assert received < 10 * len(jpeg)


async def test_viewer_that_never_reads_is_closed_at_the_write_deadline(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "WRITE_DEADLINE_S", 0.3)
    jpeg = large_jpeg()
    with server.silent_reader("/ws/ui", UPGRADE) as silent:
        async with server.role() as role:
            await until_viewers(role, 1)
            deadline = time.monotonic() + PATIENCE_S
            while True:
                await role.send(frame(1, jpeg))
                try:
                    await until_viewers(role, 0, within_s=0.1)
                    break
                except TimeoutError:
                    assert time.monotonic() < deadline, "the viewer is still connected"
        assert await asyncio.to_thread(is_closed, silent)


@pytest.mark.parametrize("pings_per_s", [MESSAGES_PER_S // 2, 10 * MESSAGES_PER_S])
async def test_viewers_that_ping_without_reading_are_closed_with_little_queued_and_few_log_lines(
    server: Server, pings_per_s: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    transports: list[asyncio.WriteTransport] = []

    def record_transport(request: web.Request, size: int) -> None:
        assert isinstance(request.transport, asyncio.WriteTransport)
        transports.append(request.transport)
        limit_send_buffer(request, size)

    monkeypatch.setattr(viewers, "limit_send_buffer", record_transport)
    monkeypatch.setattr(viewers, "SEND_BUFFER_BYTES", 8 * 1024)
    monkeypatch.setattr(viewers, "WRITE_DEADLINE_S", 0.3)
    caplog.set_level(logging.INFO)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        peers = [Pinging(stack.enter_context(server.silent_reader("/ws/ui", UPGRADE))) for _ in range(10)]
        queued = 0
        while peers:
            assert time.monotonic() < begun + 2 * PATIENCE_S, f"{len(peers)} viewers are still connected"
            peers = [peer for peer in peers if peer.ping(pings_per_s // 50)]
            await asyncio.sleep(1 / 50)
            queued = max([queued, *(transport.get_write_buffer_size() for transport in transports)])
    assert 0 < queued < 4 * viewers.SEND_BUFFER_BYTES
    kinds = Counter(record.msg for record in caplog.records)
    assert max(kinds.values(), default=0) <= time.monotonic() - begun + 1
    assert "Traceback" not in caplog.text


class Pinging:
    """A viewer that sends pings without waiting, and does not read."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self._peer = peer
        self._unsent = b""

    def ping(self, count: int) -> bool:
        """Send at most so many pings, whole ones in the end, and return whether the connection is open."""
        self._unsent = self._unsent or PING * count
        try:
            self._unsent = self._unsent[self._peer.send(self._unsent) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            return False
        return True


async def test_viewer_that_does_not_answer_pings_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "HEARTBEAT_S", 0.2)
    async with server.role() as role:  # before the viewer, whose connection is short
        with server.silent_reader("/ws/ui", UPGRADE) as silent:
            await until_viewers(role, 1)
            await until_viewers(role, 0)
            assert await asyncio.to_thread(is_closed, silent)


@pytest.mark.parametrize(
    "invalid",
    [
        "not JSON",
        "[]",
        '{"type": "frame"}',
        '{"type": "ack"}',
        '{"type": "ack", "frame_id": 1, "more": 2}',
        '{"type": "set", "name": "min_score", "value": "high"}',
        '{"type": "status", "component": "source", "state": "lost"}',
        "[" * 1000,
        b"\x00\x01\x02",
        frame(1, captured_at=0.5),
        '{"type": "ack", "frame_id": 1}' + " " * 10_000_000,  # valid but too large
        b"x" * 10_000_000,
    ],
    ids=lambda invalid: f"{type(invalid).__name__} of {len(invalid)}: {invalid[:20]!r}",
)
async def test_invalid_message_closes_only_the_viewer_that_sent_it(server: Server, invalid: str | bytes) -> None:
    async with server.role() as role, server.viewer() as other, server.viewer() as viewer:
        with contextlib.suppress(ConnectionClosed):  # the server may close before it has received all of it
            await viewer.send(invalid)
        await asyncio.wait_for(viewer.wait_closed(), PATIENCE_S)
        await role.send(frame(3))
        assert frame_id_of(await next_frame(other)) == 3


async def test_connection_reset_of_a_viewer_does_not_affect_others(server: Server) -> None:
    async with server.role() as role, server.viewer() as other:
        silent = server.silent_reader("/ws/ui", UPGRADE)
        await until_viewers(role, 2)
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close() resets the connection
        silent.close()
        await until_viewers(role, 1)
        await role.send(frame(5))
        assert frame_id_of(await next_frame(other)) == 5


async def test_thousand_closed_viewers_leave_no_open_files(server: Server) -> None:
    process = psutil.Process()

    async def connect_and_close(turn: int) -> None:
        async with server.viewer() as viewer:
            if turn % 2:
                viewer.transport.abort()

    async with server.viewer() as other:
        await next_text(other, "hello")
        before = process.num_fds()
        for first in range(0, 1000, 50):
            await asyncio.gather(*(connect_and_close(turn) for turn in range(first, first + 50)))
        deadline = time.monotonic() + PATIENCE_S
        while process.num_fds() > before:
            assert time.monotonic() < deadline, f"{process.num_fds()} files are open, {before} before"
            await asyncio.sleep(0.02)
        async with server.role() as role:
            await until_viewers(role, 1)
            await role.send(frame(7))
            assert frame_id_of(await next_frame(other)) == 7


async def frames_until_the_last(viewer: ClientConnection, last: int) -> tuple[list[int], list[float]]:
    ids: list[int] = []
    times = []
    while not ids or ids[-1] != last:
        ids.append(frame_id_of(await next_frame(viewer)))
        times.append(time.monotonic())
    return ids, times


def bytes_until(peer: socket.socket, text: bytes) -> int:
    """Return the number of bytes received until `text`, inclusive."""
    count, tail = 0, b""
    while text not in tail:
        received = peer.recv(1 << 16)
        assert received, "the server closed the connection"
        count += len(received)
        tail = tail[-len(text) :] + received
    return count
