"""A viewer that reconnects, and records frames, gaps and statistics."""

import asyncio
import json
import time
from collections import Counter
from itertools import pairwise
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

RETRY_S = 0.05
POLL_S = 0.02


class Witness:
    """Receives `/ws/ui` until cancelled. Capture times are Unix times, as on the wire."""

    def __init__(self, port: int) -> None:
        self.frame_captured_at = 0.0
        self.found_captured_at = 0.0
        self.connections = 0
        self.pids: dict[str, int] = {}
        self.given_up: set[str] = set()
        self._url = f"ws://localhost:{port}/ws/ui"
        self._arrivals: list[float] = []
        self._drops: dict[int, dict[str, float]] = {}  # by PID of the server, whose counters start at 0

    async def watch(self) -> None:
        """Connect, record, and reconnect."""
        while True:
            try:
                async with connect(self._url, compression=None, proxy=None) as socket:
                    self.connections += 1
                    async for message in socket:
                        self._record(message)
            except (ConnectionClosed, InvalidHandshake, OSError):  # TimeoutError is an OSError
                await asyncio.sleep(RETRY_S)

    async def received_since(self, captured_at: float) -> None:
        """Wait until a frame and detections captured after that time were received."""
        while min(self.frame_captured_at, self.found_captured_at) <= captured_at:
            await asyncio.sleep(POLL_S)

    @property
    def frames(self) -> int:
        """Number of frames received."""
        return len(self._arrivals)

    def gaps(self) -> list[tuple[float, float]]:
        """Return all intervals between frames: start (monotonic) and length in seconds."""
        return [(earlier, later - earlier) for earlier, later in pairwise(self._arrivals)]

    @property
    def seconds(self) -> float:
        """Time from the first frame to the last."""
        return self._arrivals[-1] - self._arrivals[0] if self._arrivals else 0.0

    def drops(self) -> Counter[str]:
        """Return the frames that the app reported as dropped, by "consumer/cause"."""
        total: Counter[str] = Counter()
        for drops in self._drops.values():
            total.update({cause: int(count) for cause, count in drops.items()})
        return total

    def _record(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
            self.frame_captured_at = max(self.frame_captured_at, header["captured_at"])
            self._arrivals.append(time.monotonic())
            return
        content: dict[str, Any] = json.loads(message)
        match content["type"]:
            case "detections":
                self.found_captured_at = max(self.found_captured_at, content["captured_at"])
            case "stats":
                self.pids = {role: int(measured["pid"]) for role, measured in content["roles"].items()}
                if "server" in self.pids:
                    self._drops[self.pids["server"]] = content["drops"]
            case "status" if content["state"] == "failed":
                self.given_up.add(content["component"])
