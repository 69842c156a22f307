"""A viewer that records what it receives: intervals and ages of frames, inference times, statistics."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmark.errors import MeasuringError

TIMEOUT_S = 30.0  # for the first frame and the first result; a model of 100 MB loads in less


@dataclass
class Observation:
    """Samples of one viewer, in ms: intervals and ages one for each frame, the others one for each result.

    The first of the `stats` messages was received just before the first sample.
    """

    interval_ms: list[float] = field(default_factory=list)
    frame_age_ms: list[float] = field(default_factory=list)
    inference_ms: list[float] = field(default_factory=list)
    processing_ms: list[float] = field(default_factory=list)
    stats: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Time from the first frame to the last."""
        return sum(self.interval_ms) / 1000

    @property
    def ui_fps(self) -> float:
        """Frames per second."""
        return len(self.interval_ms) / self.seconds


class ViewerProbe:
    """A viewer of the app at `url` (ws://…/ws/ui), between `__aenter__` and `__aexit__`."""

    def __init__(self, url: str) -> None:
        self._connect = connect(url, max_size=None, compression=None, proxy=None, open_timeout=TIMEOUT_S)
        self._stats: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        """Connect. Raises MeasuringError."""
        try:
            self._socket = await self._connect.__aenter__()
        except OSError as error:  # includes TimeoutError
            raise MeasuringError(f"the app does not answer: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connect.__aexit__(kind, error, trace)

    async def first_frame(self) -> None:
        """Wait for a frame. Raises MeasuringError."""
        await self._until("a frame", lambda message: isinstance(message, bytes))

    async def first_result(self) -> None:
        """Wait for detections. Raises MeasuringError."""
        await self._until("a result", lambda message: _is(message, "detections"))

    async def stats_of(self, role: str) -> dict[str, Any]:
        """Wait for statistics of a role and return them. Raises MeasuringError."""
        await self._until(f"statistics of the {role}", lambda _: role in self._stats.get("roles", {}))
        return dict(self._stats["roles"][role])

    async def warm_up(self, seconds: float) -> None:
        """Receive for `seconds` seconds and record the latest statistics only. Raises MeasuringError."""
        end = time.monotonic() + seconds
        await self._until("a frame", lambda _: time.monotonic() >= end)

    async def observe(self, seconds: float) -> Observation:
        """Record from a frame until the first frame `seconds` seconds later or after that.

        The record begins with the second frame received: the first one may have been buffered. A stream that stops is
        recorded as one long interval. Raises MeasuringError when the connection is closed.
        """
        observation = Observation(stats=[self._stats] if self._stats else [])
        await self.first_frame()
        await self.first_frame()
        begun = last = time.monotonic()
        try:
            async with asyncio.timeout(seconds + TIMEOUT_S):
                while last - begun < seconds:
                    message = await self._receive()
                    now, now_unix = time.monotonic(), time.time()
                    if isinstance(message, str):
                        self._record(observation, json.loads(message))
                        continue
                    header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
                    observation.frame_age_ms.append(1000 * (now_unix - header["captured_at"]))
                    observation.interval_ms.append(1000 * (now - last))
                    last = now
        except TimeoutError:
            observation.interval_ms.append(1000 * (time.monotonic() - last))
        return observation

    async def _receive(self) -> str | bytes:
        try:
            return await self._socket.recv()
        except ConnectionClosed as error:
            raise MeasuringError("the app closed the stream while it was measured") from error

    def _record(self, observation: Observation, message: dict[str, Any]) -> None:
        if message["type"] == "detections":
            observation.inference_ms.append(message["inference_ms"])
            observation.processing_ms.append(message["processing_ms"])
        elif message["type"] == "stats":
            observation.stats.append(message)

    async def _until(self, what: str, met: Callable[[str | bytes], bool]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while True:
                    message = await self._receive()
                    if _is(message, "stats"):
                        self._stats = json.loads(message)
                    if met(message):
                        return
        except TimeoutError as error:
            raise MeasuringError(f"the app did not send {what} within {TIMEOUT_S:g} s") from error


def _is(message: str | bytes, kind: str) -> bool:
    return isinstance(message, str) and bool(json.loads(message)["type"] == kind)


async def connect_without_reading(url: str) -> socket.socket:
    """Connect as a viewer that never reads; the caller closes the socket."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    loop = asyncio.get_running_loop()
    viewer = socket.socket()
    viewer.setblocking(False)
    await loop.sock_connect(viewer, (host, int(port)))
    upgrade = (
        f"GET /ws/ui HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: c3RhbGxlZCB2aWV3ZXIhIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(viewer, upgrade.encode())
    return viewer
