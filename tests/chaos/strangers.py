"""Viewers that mean no good: none may cost another a frame, or the server anything that stays."""

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

STAY_S = 3.0
Stranger: TypeAlias = Callable[[int, random.Random], Awaitable[None]]
"""Comes to a port, does its worst, and is gone again."""


async def never_reads(port: int, _: random.Random) -> None:
    """Asks for the stream and takes nothing of it but what the kernel takes."""
    with closing(await upgraded(port)):
        await asyncio.sleep(STAY_S)


async def reads_a_byte_at_a_time(port: int, _: random.Random) -> None:
    """Asks for the stream and reads twenty bytes a second of it."""
    with closing(await upgraded(port)) as peer:
        end = time.monotonic() + STAY_S
        while time.monotonic() < end and await asyncio.get_running_loop().sock_recv(peer, 1):
            await asyncio.sleep(0.05)


async def breaks_off(port: int, moments: random.Random) -> None:
    """Resets its connection in the middle of a frame, ten times."""
    for _ in range(10):
        with closing(await upgraded(port)) as peer:
            await asyncio.get_running_loop().sock_recv(peer, 1000)
            await asyncio.sleep(moments.uniform(0, 0.1))
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing is a reset


async def floods(port: int, _: random.Random) -> None:
    """Sends acknowledgements and settings as fast as they are taken."""
    messages = [{"type": "ack", "frame_id": 1}, {"type": "set", "name": "min_score", "value": 0.3}]
    async with connect(url(port), compression=None, proxy=None) as viewer:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            for message in messages:
                await viewer.send(json.dumps(message))


async def sends_garbage(port: int, moments: random.Random) -> None:
    """Random bytes in place of a request, then in place of a message."""
    for _ in range(10):
        with closing(await connected(port)) as peer:
            await asyncio.get_running_loop().sock_sendall(peer, moments.randbytes(1000))
        async with connect(url(port), compression=None, proxy=None) as viewer:
            await viewer.send(moments.randbytes(moments.randrange(2000)))
            await viewer.wait_closed()


async def comes_and_goes(port: int, _: random.Random) -> None:
    """Opens the stream and closes it, fifty times."""
    for _turn in range(50):
        async with connect(url(port), compression=None, proxy=None):
            pass


async def comes_as_a_crowd(port: int, _: random.Random) -> None:
    """Fifty viewers at once, who read as they should."""

    async def read() -> None:
        async with connect(url(port), compression=None, proxy=None) as viewer:
            async for _message in viewer:
                pass

    with suppress(TimeoutError):
        async with asyncio.timeout(STAY_S):
            await asyncio.gather(*(read() for _turn in range(50)))


STRANGERS: tuple[Stranger, ...] = (
    never_reads,
    reads_a_byte_at_a_time,
    breaks_off,
    floods,
    sends_garbage,
    comes_and_goes,
    comes_as_a_crowd,
)
CUT_OFF = (ConnectionClosed, InvalidHandshake, OSError)
"""What a stranger may meet, since the server may be killed under it."""


def url(port: int) -> str:
    return f"ws://127.0.0.1:{port}/ws/ui"


async def connected(port: int) -> socket.socket:
    """A connection with a small buffer."""
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
    """A connection that has asked for the stream."""
    peer = await connected(port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **UPGRADE}.items())
    await asyncio.get_running_loop().sock_sendall(peer, f"GET /ws/ui HTTP/1.1\r\n{lines}\r\n".encode())
    return peer
