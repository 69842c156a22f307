"""A viewer that paints nothing and notes everything: when frames came, how old they were, what was found."""

import asyncio
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect


@dataclass
class Sight:
    """All that one viewer saw. Intervals and ages are ms, one for each frame or detection."""

    seconds: float
    interval_ms: list[float] = field(default_factory=list)
    frame_age_ms: list[float] = field(default_factory=list)
    inference_ms: list[float] = field(default_factory=list)
    processing_ms: list[float] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)

    @property
    def ui_fps(self) -> float:
        """Frames a second, over all intervals between them."""
        return 1000 * len(self.interval_ms) / sum(self.interval_ms)

    @property
    def results_fps(self) -> float:
        """Results a second."""
        return len(self.inference_ms) / self.seconds


async def watch(url: str, seconds: float, warm_up_s: float) -> Sight:
    """Read what a viewer at `url` (ws://…/ws/ui) is sent, and note it once a frame came and `warm_up_s` are over."""
    sight = Sight(seconds)
    last: float | None = None
    async with connect(url, max_size=None, compression=None, proxy=None) as viewer:
        while not isinstance(await viewer.recv(), bytes):
            pass
        begin = time.monotonic() + warm_up_s
        while (left_s := begin + seconds - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(viewer.recv(), left_s)
            except TimeoutError:
                break
            now, now_unix = time.monotonic(), time.time()
            if now < begin:
                continue
            if isinstance(message, bytes):
                header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
                sight.frame_age_ms.append(1000 * (now_unix - header["captured_at"]))
                if last is not None:
                    sight.interval_ms.append(1000 * (now - last))
                last = now
            else:
                note(sight, json.loads(message))
    return sight


def note(sight: Sight, message: dict[str, Any]) -> None:
    """Note a text message."""
    if message["type"] == "detections":
        sight.inference_ms.append(message["inference_ms"])
        sight.processing_ms.append(message["processing_ms"])
    elif message["type"] == "stats":
        sight.stats = message


async def stall(url: str, seconds: float) -> None:
    """Connect as a viewer, and read nothing for so long."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as viewer:
        viewer.setblocking(False)
        await loop.sock_connect(viewer, (host, int(port)))
        upgrade = (
            f"GET /ws/ui HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: c3RhbGxlZCB2aWV3ZXIhIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await loop.sock_sendall(viewer, upgrade.encode())
        await asyncio.sleep(seconds)
