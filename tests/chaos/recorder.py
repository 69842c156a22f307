"""A viewer that reconnects, and records frames, gaps and statistics."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

RETRY_S = 0.05
POLL_S = 0.02


class Recorder:
    """Receives `/ws/ui` until cancelled. Capture times are Unix times, as on the wire."""

    def __init__(self, port: int, cameras: Sequence[str], processors: Sequence[str]) -> None:
        """Every processor has results for every camera."""
        self.cameras = cameras
        # By camera, of its newest frame; and by camera and processor, of the frame of its newest result.
        self._captured_at = dict.fromkeys([(each, "") for each in cameras], 0.0)
        self._captured_at |= dict.fromkeys(product(cameras, processors), 0.0)
        self.connections = 0
        self.pids: dict[str, int] = {}
        self.given_up: set[str] = set()
        self._url = f"ws://localhost:{port}/ws/ui"
        self._arrivals: defaultdict[str, list[float]] = defaultdict(list)  # of frames, by camera
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
        """Wait until frames of every camera and results of every pair captured after that time were received."""
        while min(self._captured_at.values()) <= captured_at:
            await asyncio.sleep(POLL_S)

    @property
    def frames(self) -> int:
        """Number of frames received."""
        return sum(map(len, self._arrivals.values()))

    def gaps(self) -> list[tuple[float, float]]:
        """Return all intervals between frames of a camera: start (monotonic) and length in seconds."""
        return [
            (earlier, later - earlier) for arrivals in self._arrivals.values() for earlier, later in pairwise(arrivals)
        ]

    @property
    def seconds(self) -> float:
        """Time from the first frame to the last, the sum of all cameras."""
        return sum(arrivals[-1] - arrivals[0] for arrivals in self._arrivals.values())

    def drops(self) -> Counter[str]:
        """Return the frames that the app reported as dropped, by "consumer/cause"."""
        total: Counter[str] = Counter()
        for drops in self._drops.values():
            total.update({cause: int(count) for cause, count in drops.items()})
        return total

    def _record(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
            self._note((header["camera"], ""), header["captured_at"])
            self._arrivals[header["camera"]].append(time.monotonic())
            return
        content: dict[str, Any] = json.loads(message)
        match content["type"]:
            case "detections":
                self._note((content["camera"], content["processor"]), content["captured_at"])
            case "stats":
                self.pids = {role: int(measured["pid"]) for role, measured in content["roles"].items()}
                if "server" in self.pids:
                    self._drops[self.pids["server"]] = content["drops"]
            case "status" if content["state"] == "failed":
                names = (content.get(key) for key in ("component", "camera", "processor"))
                self.given_up.add(" ".join(filter(None, names)))

    def _note(self, stream: tuple[str, str], captured_at: float) -> None:
        self._captured_at[stream] = max(self._captured_at[stream], captured_at)
