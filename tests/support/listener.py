"""A real server for publishers, which records what it receives, and what is sent to it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from common.messaging.messages import FrameHeader, ServerMessage, Status
from common.messaging.publisher import Ingest, Publisher
from tests.support.waiting import PATIENCE_S, wait_until

JPEG = b"\xff\xd8 pixels \xff\xd9"
LARGE_JPEG = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
LOST = Status(component="source", state="lost", message="cable")


def header(frame_id: int) -> FrameHeader:
    return FrameHeader(camera="main", frame_id=frame_id, captured_at=1.0, width=4, height=3)


class Listener:
    """A real websocket server that records what it receives."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[str | bytes] = []
        self.authorizations: list[str | None] = []
        self.connections: list[ServerConnection] = []
        self.reads = threading.Event()
        self.reads.set()
        # At most two messages are buffered beyond those that were received here.
        self._server: Server = serve(self._talk, "127.0.0.1", port, compression=None, max_size=2**24, max_queue=2)
        threading.Thread(target=self._server.serve_forever).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        for connection in self.connections:
            connection.close()

    def texts(self) -> list[dict[str, object]]:
        return [json.loads(message) for message in self.received if isinstance(message, str)]

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.authorizations.append(connection.request.headers.get("Authorization"))
        self.connections.append(connection)
        try:
            while self.reads.wait(PATIENCE_S):
                self.received.append(connection.recv())
        except ConnectionClosed:
            pass


def ingest(port: int) -> Ingest:
    return Ingest(port, "secret")


@contextmanager
def connected(port: int, handle: Callable[[ServerMessage], None] = lambda _: None) -> Iterator[Publisher]:
    with Publisher(ingest(port), handle) as publisher:
        wait_until(lambda: publisher.connected)
        yield publisher
