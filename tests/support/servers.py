"""A real server on loopback ports, with clients that act as roles, viewers and HTTP programs."""

import asyncio
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from common.config.settings import LiveSettings
from common.frames import Image
from common.messaging.base import Message
from common.messaging.info import CameraInfo, ProcessorInfo
from common.messaging.messages import Detections, FrameHeader, Model, Rates, Status, pack_frame
from common.server.app import run_server
from common.server.guard.tls import Tls
from common.server.listen import listen
from common.server.loopback import LoopbackReceiver
from common.server.options import ServerOptions
from tests.support.videos import jpeg_of, numbered_frame
from threading_impl import RUNTIME

RATES = Rates(capture_fps=30, ui_fps=15, queue_fps=5)
MODEL = Model(name="cars.onnx", labels=("car", "bus"))
PATIENCE_S = 30  # limit for what takes well under a second on an idle machine
NO_HEADERS: Mapping[str, str] = {}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@dataclass(frozen=True)
class Server:
    """The two ports of a running server, and the token of its ingest port."""

    port: int
    ingest_port: int
    ingest_token: str

    def viewer(self, query: str = "", **options: Any) -> connect:
        """Return a viewer's connection, to be entered with `async with`."""
        return connect(f"ws://127.0.0.1:{self.port}/ws/ui{query}", compression=None, proxy=None, **options)

    def role(self) -> connect:
        """Return a role's connection to the ingest port, to be entered with `async with`."""
        headers = {"Authorization": f"Bearer {self.ingest_token}"}
        url = f"ws://127.0.0.1:{self.ingest_port}/ingest"
        return connect(url, additional_headers=headers, compression=None, proxy=None)

    def ask(self, path: str, headers: Mapping[str, str] = NO_HEADERS, method: str = "GET") -> "Answer":
        """Send one HTTP request to the public port. The status of an accepted websocket is 101."""
        return ask(self.port, path, headers, method)

    def silent_reader(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> socket.socket:
        """Return a connection that has requested `path` and has not read any of the answer; its buffer is small."""
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(PATIENCE_S)
        peer.connect(("127.0.0.1", self.port))
        lines = (f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items())
        peer.sendall(f"GET {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode())
        return peer


@dataclass(frozen=True)
class Answer:
    """An HTTP response, complete unless it is a stream without end: then `body` is empty."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def serving(
    token: str | None = None,
    tls: Tls | None = None,
    allowed_origins: tuple[str, ...] = (),
    cameras: tuple[str, ...] = ("main",),
    processors: tuple[str, ...] = ("main",),
    own_code: frozenset[str] = frozenset(),
    settings_file: Path | None = None,
    detect_sources: frozenset[str] = frozenset(),
) -> Iterator[Server]:
    """Run the UiServer role in a thread, on loopback sockets; `own_code` are the processors that run no model."""
    ingest_token = secrets.token_urlsafe()
    options = ServerOptions(
        "threading",
        "road.mp4",
        RATES,
        LiveSettings(),
        token,
        tls=tls,
        allowed_origins=allowed_origins,
        models=("default", "other"),
        cameras=tuple(
            CameraInfo(name=name, source="road.mp4", capture_fps=30, ui_fps=15, ui_width=1280) for name in cameras
        ),
        detect_sources=detect_sources,
        processors=tuple(
            ProcessorInfo(name=name, has_model=name not in own_code, cameras=cameras, fps=5, min_score=0.3)
            for name in processors
        ),
        settings_file=settings_file,
    )
    stop = RUNTIME.stop_signal()
    with listen("127.0.0.1", 0) as public, listen("127.0.0.1", 0) as ingest:
        role = threading.Thread(target=run_server, args=(options, public, LoopbackReceiver(ingest, ingest_token), stop))
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
    """Send one HTTP request to a loopback port, over TLS if `context` is given."""
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_S, context=context)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        endless = response.status == 101 or response.headers.get_content_maintype() == "multipart"
        body = b"" if endless else response.read()
        return Answer(response.status, response.headers, body)
    finally:
        connection.close()


def frame(frame_id: int, jpeg: bytes | None = None, camera: str = "main", captured_at: float | None = None) -> bytes:
    """Return a frame message as the provider sends it, by default of now; its image shows `frame_id` without `jpeg`."""
    jpeg = jpeg or jpeg_of(numbered_frame(frame_id))
    captured_at = time.time() if captured_at is None else captured_at
    header = FrameHeader(camera=camera, frame_id=frame_id, captured_at=captured_at, width=160, height=90)
    return pack_frame(header, jpeg)


def detections(camera: str, frame_id: int) -> Detections:
    """Return detections in a frame of now, which has no objects."""
    return Detections(
        camera=camera, frame_id=frame_id, captured_at=time.time(), inference_ms=1, processing_ms=1, detections=()
    )


def large_jpeg() -> bytes:
    """Return a JPEG of noise, about 300 KB: more than the buffers between server and viewer hold."""
    noise: Image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    return jpeg_of(noise)


async def send(role: ClientConnection, message: Message) -> None:
    """Publish a message as a role does."""
    await role.send(message.model_dump_json())


def frame_id_of(message: bytes) -> int:
    """Return the frame_id of a frame message, parsed as README describes the format."""
    length = int.from_bytes(message[:4], "big")
    frame_id: int = json.loads(message[4 : 4 + length])["frame_id"]
    return frame_id


def is_closed(peer: socket.socket) -> bool:
    """Read what is buffered, and return whether the server has then closed or reset the connection."""
    try:
        while peer.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


async def next_frame(viewer: ClientConnection) -> bytes:
    """Return the next frame message, skipping text messages."""
    while True:
        message = await asyncio.wait_for(viewer.recv(), PATIENCE_S)
        if isinstance(message, bytes):
            return message


async def next_text(peer: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next text message whose type is `kind`, skipping all others."""
    while True:
        message = await asyncio.wait_for(peer.recv(), PATIENCE_S)
        if isinstance(message, str) and (parsed := json.loads(message))["type"] == kind:
            return dict(parsed)


async def until_viewers(role: ClientConnection, count: int, within_s: float = PATIENCE_S) -> None:
    """Wait until the role receives this number of viewers. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while (await next_text(role, "viewers"))["count"] != count:
            pass


async def until_setting(role: ClientConnection, name: str, value: float) -> None:
    """Wait until the role receives this setting. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while await next_text(role, "set") != {"type": "set", "name": name, "value": value}:
            pass


async def received_by_now(role: ClientConnection, viewer: ClientConnection) -> list[bytes | dict[str, Any]]:
    """Return what the viewer receives as a result of all that was sent so far: frames, and texts other than stats.

    The role sends a status as an end mark, twice: the second is sent after the viewer has received the first.
    """
    received: list[bytes | dict[str, Any]] = []
    for mark in ("first", "second"):
        await send(role, Status(component="mark", state="ok", message=mark))
        while True:
            message = await asyncio.wait_for(viewer.recv(), PATIENCE_S)
            parsed = message if isinstance(message, bytes) else json.loads(message)
            if isinstance(parsed, dict) and parsed.get("component") == "mark":
                break
            if isinstance(parsed, bytes) or parsed["type"] != "stats":
                received.append(parsed)
    return received
