"""A real server on loopback ports, fed as the roles feed it and watched as viewers watch it."""

import asyncio
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from common.config.settings import LiveSettings
from common.frames import Image
from common.messaging.messages import FrameHeader, Message, Model, Rates, Status, pack_frame
from common.pipeline import listen
from common.server.app import run_server
from common.server.guard.tls import Tls
from common.server.options import ServerOptions
from tests.support.videos import jpeg_of, numbered_picture
from threading_impl import RUNTIME

RATES = Rates(capture_fps=30, ui_fps=15, queue_fps=5)
MODEL = Model(name="cars.onnx", labels=("car", "bus"))
PATIENCE_S = 10  # for what must happen soon, on a machine that is busy
NO_HEADERS: Mapping[str, str] = {}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@dataclass(frozen=True)
class Server:
    """Where a running server listens, and what it asks of those who come."""

    port: int
    ingest_port: int
    ingest_token: str

    def viewer(self, query: str = "", **options: Any) -> connect:
        """A viewer, to be entered with `async with`."""
        return connect(f"ws://127.0.0.1:{self.port}/ws/ui{query}", compression=None, proxy=None, **options)

    def role(self) -> connect:
        """A role at the ingest socket, to be entered with `async with`."""
        headers = {"Authorization": f"Bearer {self.ingest_token}"}
        url = f"ws://127.0.0.1:{self.ingest_port}/ingest"
        return connect(url, additional_headers=headers, compression=None, proxy=None)

    def ask(self, path: str, headers: Mapping[str, str] = NO_HEADERS, method: str = "GET") -> "Answer":
        """One HTTP request to the public port. A websocket that is let in gets status 101."""
        return ask(self.port, path, headers, method)

    def silent_reader(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> socket.socket:
        """A peer that asks for `path` and has read nothing of the answer yet; its own buffer is small."""
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(PATIENCE_S)
        peer.connect(("127.0.0.1", self.port))
        lines = (f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items())
        peer.sendall(f"GET {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode())
        return peer


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def serving(token: str | None = None, tls: Tls | None = None) -> Iterator[Server]:
    """The UiServer role in a thread, on loopback sockets."""
    ingest_token = secrets.token_urlsafe()
    options = ServerOptions("threading", "road.mp4", RATES, LiveSettings(), token, ingest_token, tls=tls)
    stop = RUNTIME.stop_signal()
    with listen("127.0.0.1", 0) as public, listen("127.0.0.1", 0) as ingest:
        role = threading.Thread(target=run_server, args=(options, public, ingest, stop))
        role.start()
        try:
            yield Server(public.getsockname()[1], ingest.getsockname()[1], ingest_token)
        finally:
            stop.set()
            role.join(PATIENCE_S)
    assert not role.is_alive(), "the server did not stop"


def ask(
    port: int,
    path: str,
    headers: Mapping[str, str] = NO_HEADERS,
    method: str = "GET",
    context: ssl.SSLContext | None = None,
) -> Answer:
    """One HTTP request to a loopback port; by TLS where there is a context."""
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_S, context=context)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        body = b"" if response.status == 101 else response.read()
        return Answer(response.status, response.headers, body)
    finally:
        connection.close()


def frame(frame_id: int, jpeg: bytes | None = None) -> bytes:
    """A frame as the provider sends it; the picture shows its number, unless `jpeg` is given."""
    jpeg = jpeg or jpeg_of(numbered_picture(frame_id))
    header = FrameHeader(camera="main", frame_id=frame_id, captured_at=time.time(), width=160, height=90)
    return pack_frame(header, jpeg)


def large_jpeg() -> bytes:
    """A picture of noise, some 300 KB as JPEG: more than the buffers on the way to a viewer hold."""
    noise: Image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    return jpeg_of(noise)


async def say(role: ClientConnection, message: Message) -> None:
    """Publish a message as a role does."""
    await role.send(message.model_dump_json())


def frame_id_of(message: bytes) -> int:
    """The id in the header of a frame message, read by the wire's own description."""
    length = int.from_bytes(message[:4], "big")
    frame_id: int = json.loads(message[4 : 4 + length])["frame_id"]
    return frame_id


def ended(peer: socket.socket) -> bool:
    """Whether the server has ended this connection: after what is still in the buffers comes its end, or a reset."""
    try:
        while peer.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def eventually(met: Callable[[], bool], what: str) -> None:
    """Wait until `met`, or fail and say `what` did not come to be."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.02)


async def next_frame(viewer: ClientConnection) -> bytes:
    """The next frame message; words before it are passed over."""
    while True:
        message = await asyncio.wait_for(viewer.recv(), PATIENCE_S)
        if isinstance(message, bytes):
            return message


async def next_words(peer: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of type `kind`; all else before it is passed over."""
    while True:
        message = await asyncio.wait_for(peer.recv(), PATIENCE_S)
        if isinstance(message, str) and (words := json.loads(message))["type"] == kind:
            return dict(words)


async def told(role: ClientConnection, name: str, value: float, within_s: float = PATIENCE_S) -> None:
    """Wait until the server tells the role this setting, or this count of viewers. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while await next_words(role, "set") != {"type": "set", "name": name, "value": value}:
            pass


async def said_by_now(role: ClientConnection, viewer: ClientConnection) -> list[bytes | dict[str, Any]]:
    """All that the viewer gets in consequence of what was done up to now: frames, and words without stats.

    It is known to be all by two statuses that the role sends, the second when the first has arrived.
    """
    received: list[bytes | dict[str, Any]] = []
    for mark in ("first", "second"):
        await say(role, Status(component="mark", state="ok", message=mark))
        while True:
            message = await asyncio.wait_for(viewer.recv(), PATIENCE_S)
            words = message if isinstance(message, bytes) else json.loads(message)
            if isinstance(words, dict) and words.get("component") == "mark":
                break
            if isinstance(words, bytes) or words["type"] != "stats":
                received.append(words)
    return received
