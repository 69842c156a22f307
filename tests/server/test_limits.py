"""What one stranger can cost: connections, time, bytes, messages and lines of the log, each within a limit."""

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
    eventually,
    frame,
    frame_id_of,
    is_closed,
    next_frame,
    serving,
    until_viewers,
)

ACK = '{"type": "ack", "frame_id": 1}'
SETTING = '{"type": "set", "name": "min_score", "value": 0.5}'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """One that waits for nobody."""
    for name in ("REQUEST_S", "BODY_S", "HANDSHAKE_S"):
        monkeypatch.setattr(http_server, name, 0.5)
    with serving() as server:
        yield server


def peer_of(server: Server, address: str = "127.0.0.1") -> socket.socket:
    """A connection from this address of loopback."""
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE_S, (address, 0))


def is_served(peer: socket.socket) -> bool:
    """Whether a request gets an answer."""
    try:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return peer.recv(1 << 16).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def takes(peer: socket.socket, data: bytes) -> bool:
    """Whether the server is still there to take it."""
    try:
        peer.sendall(data)
    except ConnectionError:
        return False
    return True


def drip(peer: socket.socket, text: bytes) -> bool:
    """Send byte by byte, ten a second; says whether the server ended it before the last one."""
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
def test_who_sends_a_request_byte_by_byte_is_cut_off(hasty: Server, before: int) -> None:
    with peer_of(hasty) as peer:
        for _ in range(before):
            assert is_served(peer)
        assert drip(peer, b"GET /" + b"x" * int(PATIENCE_S / 0.1))
    assert hasty.ask("/healthz").status == 200


def test_who_says_nothing_is_cut_off(hasty: Server) -> None:
    with peer_of(hasty) as peer:
        assert is_closed(peer)


def test_who_never_ends_a_body_is_cut_off(hasty: Server) -> None:
    with peer_of(hasty) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n")
        eventually(lambda: not takes(peer, b"x" * 100_000), "the end of a connection that only sends")


def test_who_never_ends_the_handshake_of_tls_is_cut_off(
    hasty: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
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
    ids=["a long address", "a long header", "many headers"],
)
def test_a_head_that_is_too_large_is_refused(server: Server, head: bytes) -> None:
    with peer_of(server) as peer:
        peer.sendall(head)
        assert peer.recv(1 << 16).startswith(b"HTTP/1.0 400")


def test_one_address_leaves_room_for_others_and_all_together_have_an_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_FROM_ONE_ADDRESS", 3)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 5)
    with contextlib.ExitStack() as stack:
        greedy = [stack.enter_context(peer_of(server, "127.0.0.1")) for _ in range(4)]
        assert [is_served(peer) for peer in greedy] == [True, True, True, False]
        others = [stack.enter_context(peer_of(server, f"127.0.0.{number}")) for number in (2, 3, 4)]
        assert [is_served(peer) for peer in others] == [True, True, False]
        greedy[0].close()
        eventually(lambda: _lets_in(server, "127.0.0.4"), "room for another when one has left")


def test_by_tls_who_says_nothing_is_counted_too(
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
        eventually(lambda: is_healthy(server), "room when they have left")


def _lets_in(server: Server, address: str) -> bool:
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
    """Send so many messages, or pings for None, as fast as they go."""
    with contextlib.suppress(ConnectionClosed):
        for _ in range(count):
            await (viewer.ping() if message is None else viewer.send(message))


@pytest.mark.parametrize(
    ("message", "most"),
    [(ACK, MESSAGES_AT_ONCE), (SETTING, MESSAGES_AT_ONCE // COST_OF_SETTING), (None, MESSAGES_AT_ONCE)],
    ids=["acknowledgements", "settings", "pings"],
)
async def test_a_viewer_that_floods_is_sent_away_alone(server: Server, message: str | None, most: int) -> None:
    async with server.role() as role, server.viewer() as other, server.viewer(max_queue=None) as viewer:
        await flood(viewer, message, 5 * most)
        await asyncio.wait_for(viewer.wait_closed(), PATIENCE_S)
        assert viewer.close_code == 1008
        await role.send(frame(3))
        assert frame_id_of(await next_frame(other)) == 3


async def test_a_busy_viewer_is_not_taken_for_a_flood(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await flood(viewer, ACK, MESSAGES_AT_ONCE // 2)
        await flood(viewer, SETTING, MESSAGES_AT_ONCE // COST_OF_SETTING // 4)
        await (await viewer.ping())
        await role.send(frame(4))
        assert frame_id_of(await next_frame(viewer)) == 4


def test_an_allowance_is_spent_at_once_and_comes_back_with_time() -> None:
    now = 0.0
    allowance = TokenBucket(rate_per_s=10, capacity=20, clock=lambda: now)
    assert [allowance.take(10) for _ in range(3)] == [True, True, False]
    now = 1.0
    assert [allowance.take(5) for _ in range(3)] == [True, True, False]
    now = 1000.0
    assert [allowance.take(20), allowance.take(1)] == [True, False]


async def test_a_hundred_bad_viewers_fill_no_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    begun = time.monotonic()
    for _ in range(100):
        async with server.viewer() as viewer:
            await viewer.send("nonsense")
            await viewer.wait_closed()
    lines = [record for record in caplog.records if "closing a viewer's websocket with 1008" in record.message]
    assert 1 <= len(lines) <= time.monotonic() - begun + 1


def test_a_message_is_logged_once_a_second_and_another_beside_it() -> None:
    now = 0.0
    limit = LimitByMessage(clock=lambda: now)

    def passes(text: str) -> bool:
        return limit.filter(logging.LogRecord("", logging.INFO, "", 0, text, (), None))

    assert [passes("a %d"), passes("a %d"), passes("b")] == [True, False, True]
    now = 0.9
    assert not passes("a %d")
    now = 1.0
    assert passes("a %d")
