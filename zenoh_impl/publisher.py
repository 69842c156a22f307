"""Publish a role's frames and messages to the servers, without ever blocking the role."""

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import zenoh

from common.errors import MessageError
from common.messaging.buffered_publisher import BufferedPublisher
from common.messaging.messages import FrameHeader, ServerMessage, ViewerCount, parse_server

from . import keys
from .link import Link
from .loop_calls import loop_calls
from .repetition import Repetition
from .send_thread import SendThread
from .session import direct
from .views import Views

logger = logging.getLogger(__name__)

CLOSE_S = 1.0


@dataclass(frozen=True)
class Ingest:
    """The link of a role."""

    link: Link
    role: str

    def publisher(self, handle: Callable[[ServerMessage], None] = lambda _: None) -> "Publisher":
        """Return a publisher; `handle` is called on a thread of Zenoh with each message of a server."""
        return Publisher(self, handle)

    async def messages(self) -> AsyncIterator[str]:
        """Yield the text messages that viewers get, and after a restart of the server the present state again."""
        texts: asyncio.Queue[str] = asyncio.Queue()
        with loop_calls() as call_soon:

            def put(sample: zenoh.Sample) -> None:
                call_soon(texts.put_nowait, sample.payload.to_string())

            with self.link.session().declare_subscriber(keys.shown_by("*"), direct(put)):
                while True:
                    yield await texts.get()


class Publisher(BufferedPublisher):
    """Sends what is in its outbox from a thread of its own, once to all servers."""

    def __init__(self, ingest: Ingest, handle: Callable[[ServerMessage], None]) -> None:
        self._thread = SendThread("publisher", self._send)
        super().__init__(self._thread.wake)
        self._ingest = ingest
        self._handle = handle
        self._views = Views(handle)
        self._servers: set[str] = set()
        self._repetition = Repetition()
        self._open = ExitStack()
        self._camera = ""
        self._frame_publishers: dict[str, zenoh.Publisher] = {}  # by key
        self._numbers: dict[str, Iterator[int]] = defaultdict(itertools.count)  # of frames, by key

    def __enter__(self) -> Self:
        link, role = self._ingest.link, self._ingest.role
        session = self._session = link.session()
        self._messages = session.declare_publisher(
            keys.sent_by(link.node, role),
            congestion_control=zenoh.CongestionControl.BLOCK,
            priority=zenoh.Priority.INTERACTIVE_HIGH,  # small, and not to wait behind frames
        )
        self._open.enter_context(session.declare_subscriber(keys.sent_to(link.node, role), direct(self._receive)))
        liveliness, servers = session.liveliness(), keys.alive("*", keys.SERVER)
        self._open.enter_context(liveliness.declare_subscriber(servers, direct(self._on_server), history=True))
        # Last: a server that sees it sends the present state.
        self._open.enter_context(liveliness.declare_token(keys.alive(link.node, role)))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.close(CLOSE_S)
        self._open.close()

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """See BufferedPublisher."""
        self._camera = header.camera
        super().send_frame(header, jpeg)

    def _send(self) -> None:
        if not self.connected:
            return
        if self._repetition.is_due():
            self._outbox.repeat()
            for event in self._repetition.missed_events():
                self._messages.put(event)
        for kind, data in self._outbox.take_all():
            if kind == "Event" and not self._repetition.is_ready():
                break  # it stays in the outbox, and nothing but events comes behind it
            if isinstance(data, str):
                self._messages.put(data)
                if kind == "Event":
                    self._repetition.add_event(data)
            else:
                key = keys.view(self._camera, kind.lower())
                source = zenoh.SourceInfo(self._messages.id, next(self._numbers[key]))
                self._frames(key).put(data, source_info=source)

    def _frames(self, key: str) -> zenoh.Publisher:
        """Return the publisher of frames on a key, which is declared when it is used first."""
        if key not in self._frame_publishers:
            self._frame_publishers[key] = self._open.enter_context(
                self._session.declare_publisher(
                    key,
                    congestion_control=zenoh.CongestionControl.DROP,
                    reliability=zenoh.Reliability.BEST_EFFORT,
                    express=True,
                )
            )
        return self._frame_publishers[key]

    def _receive(self, sample: zenoh.Sample) -> None:
        server = sample.attachment.to_string() if sample.attachment else ""
        try:
            message = parse_server(sample.payload.to_string())
        except MessageError as error:
            logger.error("invalid message from a server: %s", error)
            return
        if isinstance(message, ViewerCount):
            self._views.count(server, message)
        else:
            self._handle(message)

    def _on_server(self, sample: zenoh.Sample) -> None:
        """Send a server that has started what lasts."""
        server = str(sample.key_expr)
        if sample.kind == zenoh.SampleKind.PUT:
            self._repetition.connect(is_only=not self._servers)
            self._servers.add(server)
            self._outbox.connect()
        else:
            self._repetition.disconnect()
            self._servers.discard(server)
            self._views.forget(keys.node_of(server))
            if not self._servers:
                self._outbox.disconnect()
