"""Hostile clients, which must neither cost another viewer a frame nor leak resources of the server."""

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import TypeAlias

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.support.servers import UPGRADE

DURATION_S = 3.0
Stranger: TypeAlias = Callable[[int, random.Random], Awaitable[None]]
"""Connects to a port, misbehaves, and disconnects."""


async def never_reads(port: int, _: random.Random) -> None:
    """Open the stream and never read; only the kernel's buffer receives."""
    with closing(await upgraded(port)):
        await asyncio.sleep(DURATION_S)


async def reads_a_byte_at_a_time(port: int, _: random.Random) -> None:
    """Open the stream and read twenty bytes per second."""
    with closing(await upgraded(port)) as peer:
        end = time.monotonic() + DURATION_S
        while time.monotonic() < end and await asyncio.get_running_loop().sock_recv(peer, 1):
            await asyncio.sleep(0.05)


async def resets_the_connection(port: int, rng: random.Random) -> None:
    """Reset the connection in the middle of a frame, ten times."""
    for _ in range(10):
        with closing(await upgraded(port)) as peer:
            await asyncio.get_running_loop().sock_recv(peer, 1000)
            await asyncio.sleep(rng.uniform(0, 0.1))
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() sends a reset


async def floods(port: int, _: random.Random) -> None:
    """Send acknowledgements and settings as fast as possible."""
    messages = [{"type": "ack", "frame_id": 1}, {"type": "set", "name": "min_score", "value": 0.3}]
    async with connect(url(port), compression=None, proxy=None) as viewer:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            for message in messages:
                await viewer.send(json.dumps(message))


async def sends_garbage(port: int, rng: random.Random) -> None:
    """Send random bytes instead of a request, then instead of a message."""
    for _ in range(10):
        with closing(await connected(port)) as peer:
            await asyncio.get_running_loop().sock_sendall(peer, rng.randbytes(1000))
        async with connect(url(port), compression=None, proxy=None) as viewer:
            await viewer.send(rng.randbytes(rng.randrange(2000)))
            await viewer.wait_closed()


async def connects_and_disconnects(port: int, _: random.Random) -> None:
    """Open and close the stream fifty times."""
    for _turn in range(50):
        async with connect(url(port), compression=None, proxy=None):
            pass


async def connects_many_viewers(port: int, _: random.Random) -> None:
    """Connect fifty well-behaved viewers at once."""

    async def read() -> None:
        async with connect(url(port), compression=None, proxy=None) as viewer:
            async for _message in viewer:
                pass

    with suppress(TimeoutError):
        async with asyncio.timeout(DURATION_S):
            await asyncio.gather(*(read() for _turn in range(50)))


STRANGERS: tuple[Stranger, ...] = (
    never_reads,
    reads_a_byte_at_a_time,
    resets_the_connection,
    floods,
    sends_garbage,
    connects_and_disconnects,
    connects_many_viewers,
)
CUT_OFF = (ConnectionClosed, InvalidHandshake, OSError)
"""Errors that a stranger may get when the server is killed."""


def url(port: int) -> str:
    return f"ws://127.0.0.1:{port}/ws/ui"


async def connected(port: int) -> socket.socket:
    """Connect with a small receive buffer."""
    peer = socket.socket()
    peer.setblocking(False)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", port))
    except OSError:
        peer.close()
        raise
    return peer


async def upgraded(port: int) -> socket.socket:
    """Connect and request the stream."""
    peer = await connected(port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **UPGRADE}.items())
    await asyncio.get_running_loop().sock_sendall(peer, f"GET /ws/ui HTTP/1.1\r\n{lines}\r\n".encode())
    return peer
