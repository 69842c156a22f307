"""A viewer that comes back whenever it is cut off, and notes what faults look like from there."""

import asyncio
import json
import time
from collections import Counter
from itertools import pairwise
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

RETRY_S = 0.05
LOOK_S = 0.02


class Witness:
    """Watches `/ws/ui` until it is cancelled. Times of capture are Unix times, as on the wire."""

    def __init__(self, port: int) -> None:
        self.frame_captured_at = 0.0
        self.found_captured_at = 0.0
        self.connections = 0
        self.pids: dict[str, int] = {}
        self.given_up: set[str] = set()
        self._url = f"ws://localhost:{port}/ws/ui"
        self._arrivals: list[float] = []
        self._drops: dict[int, dict[str, float]] = {}  # of each server, since its counts start anew

    async def watch(self) -> None:
        """Connect, note, and connect again."""
        while True:
            try:
                async with connect(self._url, compression=None, proxy=None) as socket:
                    self.connections += 1
                    async for message in socket:
                        self._note(message)
            except (ConnectionClosed, InvalidHandshake, OSError):  # TimeoutError is an OSError
                await asyncio.sleep(RETRY_S)

    async def sees_all_since(self, captured_at: float) -> None:
        """Wait until a frame, and detections in one, have come that were captured after that time."""
        while min(self.frame_captured_at, self.found_captured_at) <= captured_at:
            await asyncio.sleep(LOOK_S)

    @property
    def frames(self) -> int:
        """How many came."""
        return len(self._arrivals)

    def gaps(self) -> list[tuple[float, float]]:
        """Every interval between two frames: when it began (monotonic), and its length in seconds."""
        return [(earlier, later - earlier) for earlier, later in pairwise(self._arrivals)]

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return self._arrivals[-1] - self._arrivals[0] if self._arrivals else 0.0

    def drops(self) -> Counter[str]:
        """Frames that the app says it dropped, by "consumer/cause"."""
        total: Counter[str] = Counter()
        for drops in self._drops.values():
            total.update({cause: int(count) for cause, count in drops.items()})
        return total

    def _note(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
            self.frame_captured_at = max(self.frame_captured_at, header["captured_at"])
            self._arrivals.append(time.monotonic())
            return
        words: dict[str, Any] = json.loads(message)
        match words["type"]:
            case "detections":
                self.found_captured_at = max(self.found_captured_at, words["captured_at"])
            case "stats":
                self.pids = {role: int(measured["pid"]) for role, measured in words["roles"].items()}
                if "server" in self.pids:
                    self._drops[self.pids["server"]] = words["drops"]
            case "status" if words["state"] == "failed":
                self.given_up.add(words["component"])
