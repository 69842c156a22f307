"""A viewer of one camera that reconnects, and records when frames and results were received and captured."""

import asyncio
import json
import time
from collections import defaultdict
from typing import Any, NamedTuple

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

RETRY_S = 0.02


class Received(NamedTuple):
    """When something was received (monotonic), and when its frame was captured (Unix time)."""

    at: float
    captured_at: float


class Stream(NamedTuple):
    """The frames of a camera, or the results of a processor for it."""

    camera: str
    processor: str | None = None


class CameraViewer:
    """Receives `/ws/ui?camera=NAME` until cancelled."""

    def __init__(self, port: int, camera: str) -> None:
        self.streams: defaultdict[Stream, list[Received]] = defaultdict(list)
        self._camera = camera
        self._url = f"ws://localhost:{port}/ws/ui?camera={camera}"

    async def watch(self) -> None:
        """Connect, record, and reconnect."""
        while True:
            try:
                async with connect(self._url, compression=None, proxy=None) as socket:
                    async for message in socket:
                        self._record(message)
            except (ConnectionClosed, InvalidHandshake, OSError):  # TimeoutError is an OSError
                await asyncio.sleep(RETRY_S)

    def _record(self, message: str | bytes) -> None:
        now = time.monotonic()
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
            self.streams[Stream(self._camera)].append(Received(now, header["captured_at"]))
            return
        content: dict[str, Any] = json.loads(message)
        if content["type"] == "detections":
            stream = Stream(self._camera, content["processor"])
            self.streams[stream].append(Received(now, content["captured_at"]))
