"""Limits of the public port: connections, timeouts, sizes, message rates and log lines."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from common.server import http_server
from common.server.guard import connections
from common.server.guard.log_limit import LimitByMessage
from common.server.guard.token_bucket import TokenBucket
from common.server.viewers import COST_OF_SETTING, MESSAGES_AT_ONCE
from tests.support.certificates import make_certificate
from tests.support.servers import (
    PATIENCE_S,
    Server,
    ask,
    frame,
    frame_id_of,
    is_closed,
    next_frame,
    serving,
    until_viewers,
)
from tests.support.waiting import wait_until

ACK = '{"type": "ack", "frame_id": 1}'
SETTING = '{"type": "set", "name": "min_score", "value": 0.5}'


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with timeouts of a second."""
    for name in ("REQUEST_S", "BODY_S", "HANDSHAKE_S"):
        monkeypatch.setattr(http_server, name, 1.0)
    with serving() as server:
        yield server


def peer_of(server: Server, address: str = "127.0.0.1") -> socket.socket:
    """Return a connection from `address`, an address of loopback."""
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE_S, (address, 0))


def is_served(peer: socket.socket) -> bool:
    """Return whether a request gets a response."""
    try:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return peer.recv(1 << 16).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def accepts(peer: socket.socket, data: bytes) -> bool:
    """Return whether `data` can still be sent on this connection."""
    try:
        peer.sendall(data)
    except ConnectionError:
        return False
    return True


def drip(peer: socket.socket, text: bytes) -> bool:
    """Send 10 bytes a second, one by one. Return whether the server closed the connection before the last byte."""
    peer.settimeout(0.1)
    for at in range(len(text)):
        try:
            peer.sendall(text[at : at + 1])
            if not peer.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.mark.parametrize("before", [0, 1], ids=["its first request", "its second request"])
def test_request_sent_byte_by_byte_times_out(short_timeouts: Server, before: int) -> None:
    with peer_of(short_timeouts) as peer:
        for _ in range(before):
            assert is_served(peer)
        assert drip(peer, b"GET /" + b"x" * int(PATIENCE_S / 0.1))
    assert short_timeouts.ask("/healthz").status == 200


def test_connection_without_a_request_times_out(short_timeouts: Server) -> None:
    with peer_of(short_timeouts) as peer:
        assert is_closed(peer)


def test_endless_body_times_out(short_timeouts: Server) -> None:
    with peer_of(short_timeouts) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n")
        wait_until(lambda: not accepts(peer, b"x" * 100_000), "a connection with an endless body is closed")


def test_unfinished_tls_handshake_times_out(short_timeouts: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tls=make_certificate(tmp_path_factory.mktemp("certificate")).tls) as server, peer_of(server) as peer:
        peer.sendall(b"\x16\x03\x01")
        assert is_closed(peer)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: x\r\n" % number for number in range(1000)) + b"\r\n",
    ],
    ids=["a long URL", "a long header", "many headers"],
)
def test_a_head_that_is_too_large_is_refused(server: Server, head: bytes) -> None:
    with peer_of(server) as peer:
        peer.sendall(head)
        assert peer.recv(1 << 16).startswith(b"HTTP/1.0 400")


def test_connections_are_limited_per_address_and_in_total(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_FROM_ONE_ADDRESS", 3)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 5)
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(peer_of(server, "127.0.0.1")) for _ in range(4)]
        assert [is_served(peer) for peer in first] == [True, True, True, False]
        others = [stack.enter_context(peer_of(server, f"127.0.0.{number}")) for number in (2, 3, 4)]
        assert [is_served(peer) for peer in others] == [True, True, False]
        first[0].close()
        wait_until(lambda: _serves(server, "127.0.0.4"), "a new connection is accepted after one was closed")


def test_connection_without_a_tls_handshake_is_counted(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_FROM_ONE_ADDRESS", 3)
    certificate = make_certificate(tmp_path_factory.mktemp("certificate"))

    def is_healthy(server: Server) -> bool:
        try:
            return ask(server.port, "/healthz", context=certificate.client).status == 200
        except OSError:
            return False

    with serving(tls=certificate.tls) as server:
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(peer_of(server))
            assert not is_healthy(server)
        wait_until(lambda: is_healthy(server), "new connections are accepted after the others were closed")


def _serves(server: Server, address: str) -> bool:
    with peer_of(server, address) as peer:
        return is_served(peer)


async def test_two_hundred_viewers_of_one_address_are_served_at_once(server: Server) -> None:
    async with contextlib.AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(server.viewer()) for _ in range(200)]
        role = await stack.enter_async_context(server.role())
        await until_viewers(role, 200)
        await role.send(frame(9))
        received = await asyncio.gather(*map(next_frame, viewers))
    assert {frame_id_of(message) for message in received} == {9}


async def flood(viewer: ClientConnection, message: str | None, count: int) -> None:
    """Send `count` messages (pings if `message` is None) without waiting between them."""
    with contextlib.suppress(ConnectionClosed):
        for _ in range(count):
            await (viewer.ping() if message is None else viewer.send(message))


@pytest.mark.parametrize(
    ("message", "most"),
    [(ACK, MESSAGES_AT_ONCE), (SETTING, MESSAGES_AT_ONCE // COST_OF_SETTING), (None, MESSAGES_AT_ONCE)],
    ids=["acknowledgements", "settings", "pings"],
)
async def test_only_the_viewer_that_floods_is_closed(server: Server, message: str | None, most: int) -> None:
    # max_queue: with a full one the closing handshake would take its timeout, 10 s
    async with server.role() as role, server.viewer(max_queue=None) as other, server.viewer(max_queue=None) as viewer:
        await flood(viewer, message, 5 * most)
        await asyncio.wait_for(viewer.wait_closed(), PATIENCE_S)
        assert viewer.close_code == 1008
        await role.send(frame(3))
        assert frame_id_of(await next_frame(other)) == 3


async def test_busy_viewer_within_the_limits_is_not_closed(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await flood(viewer, ACK, MESSAGES_AT_ONCE // 2)
        await flood(viewer, SETTING, MESSAGES_AT_ONCE // COST_OF_SETTING // 4)
        await (await viewer.ping())
        await role.send(frame(4))
        assert frame_id_of(await next_frame(viewer)) == 4


def test_token_bucket_allows_a_burst_and_refills_over_time() -> None:
    now = 0.0
    bucket = TokenBucket(rate_per_s=10, capacity=20, clock=lambda: now)
    assert [bucket.take(10) for _ in range(3)] == [True, True, False]
    now = 1.0
    assert [bucket.take(5) for _ in range(3)] == [True, True, False]
    now = 1000.0
    assert [bucket.take(20), bucket.take(1)] == [True, False]


async def test_log_lines_about_a_hundred_invalid_viewers_are_limited(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun = time.monotonic()
    for _ in range(100):
        async with server.viewer() as viewer:
            await viewer.send("not JSON")
            await viewer.wait_closed()
    lines = [record for record in caplog.records if "closing a viewer's websocket with 1008" in record.message]
    assert 1 <= len(lines) <= time.monotonic() - begun + 1


def test_each_log_message_is_limited_to_one_a_second() -> None:
    now = 0.0
    limit = LimitByMessage(clock=lambda: now)

    def passes(text: str) -> bool:
        return limit.filter(logging.LogRecord("", logging.INFO, "", 0, text, (), None))

    assert [passes("a %d"), passes("a %d"), passes("b")] == [True, False, True]
    now = 0.9
    assert not passes("a %d")
    now = 1.0
    assert passes("a %d")
