"""Publish and subscribe by Zenoh, over TCP on loopback; needs requirements-bench.txt."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import zenoh

from common.frames import Frame

KEY = "benchmark/frame"
_HEADER = struct.Struct("qdqqq")  # frame_id, captured_at, height, width, channels


class ZenohPublisher:
    """A publisher that drops what the network does not accept. It has no state for a subscriber."""

    def __init__(self, consumers: int) -> None:
        self._address = f"tcp/127.0.0.1:{_free_port()}"
        self._session: Any = zenoh.open(_config(listen=self._address))
        self._publisher = self._session.declare_publisher(
            KEY, congestion_control=zenoh.CongestionControl.DROP, express=True
        )

    def endpoint(self, index: int) -> "ZenohEndpoint":
        """Return the address."""
        return ZenohEndpoint(self._address)

    def put(self, frame: Frame) -> None:
        """Publish the pixels, with the header as attachment."""
        header = _HEADER.pack(frame.frame_id, frame.captured_at, *frame.image.shape)
        self._publisher.put(frame.image.tobytes(), attachment=header)

    def close(self) -> None:
        """Close the session."""
        self._session.close()


@dataclass(frozen=True)
class ZenohEndpoint:
    """The address of the publisher."""

    address: str

    @contextmanager
    def open(self) -> Iterator["ZenohSubscriber"]:
        """Subscribe until the end of the context."""
        subscriber = ZenohSubscriber()
        with zenoh.open(_config(connect=self.address)) as session:
            session.declare_subscriber(KEY, subscriber.receive)
            yield subscriber


class ZenohSubscriber:
    """A slot of one sample: a new one replaces the unread one."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._sample: Any = None

    def receive(self, sample: Any) -> None:
        """Store a sample. Called by a thread of Zenoh."""
        with self._arrived:
            self._sample = sample
            self._arrived.notify()

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._sample is not None, timeout_s):
                return None
            sample, self._sample = self._sample, None
        frame_id, captured_at, *shape = _HEADER.unpack(sample.attachment.to_bytes())
        return Frame("main", frame_id, captured_at, np.frombuffer(sample.payload.to_bytes(), np.uint8).reshape(shape))


def _config(listen: str = "", connect: str = "") -> Any:
    config = zenoh.Config()
    config.insert_json5("mode", json.dumps("peer"))
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("listen/endpoints", json.dumps([listen] if listen else []))
    config.insert_json5("connect/endpoints", json.dumps([connect] if connect else []))
    return config


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
