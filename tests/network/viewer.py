"""A viewer in a network namespace: records what it receives, and reconnects."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import create_connection
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from tests.network.network import Namespace

TIMEOUT_S = 0.2
RETRY_S = 0.05


@dataclass(frozen=True)
class Arrival:
    """A frame, or detections in a frame: Unix times at which it was received and captured."""

    received_at: float
    captured_at: float

    @property
    def age_ms(self) -> float:
        return 1000 * (self.received_at - self.captured_at)


@dataclass
class Recording:
    """What a viewer has received so far, in order; statistics with the Unix time of their arrival."""

    frames: list[Arrival] = field(default_factory=list)
    detections: list[Arrival] = field(default_factory=list)
    stats: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    statuses: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    jpeg_bytes: int = 0

    def add(self, message: str | bytes) -> None:
        """Record a message."""
        now = time.time()
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "big")])
            self.frames.append(Arrival(now, header["captured_at"]))
            self.jpeg_bytes += len(message)
            return
        content: dict[str, Any] = json.loads(message)
        match content["type"]:
            case "detections":
                self.detections.append(Arrival(now, content["captured_at"]))
            case "stats":
                self.stats.append((now, content))
            case "status":
                self.statuses.append((now, content))


@contextmanager
def recording(namespace: Namespace, port: int) -> Iterator[Recording]:
    """Record on a thread the stream of the server on a port of the namespace."""
    recorded, ended = Recording(), threading.Event()

    def run() -> None:
        with namespace.entered():
            while not ended.wait(RETRY_S):
                try:
                    record()
                except (ConnectionClosed, InvalidHandshake, OSError):  # TimeoutError is an OSError
                    continue

    def record() -> None:
        url, address = f"ws://localhost:{port}/ws/ui", ("127.0.0.1", port)
        with connect(url, sock=create_connection(address), compression=None, proxy=None, max_size=None) as socket:
            while not ended.is_set():
                try:
                    recorded.add(socket.recv(TIMEOUT_S))
                except TimeoutError:
                    continue

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield recorded
    finally:
        ended.set()
        thread.join()
