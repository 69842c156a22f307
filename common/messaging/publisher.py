"""Publish a role's frames and messages to the server over a websocket, without ever blocking the role."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from common.backoff import backoff
from common.errors import MessageError
from common.messaging.buffered_publisher import BufferedPublisher
from common.messaging.loop_errors import LoopErrors
from common.messaging.messages import ServerMessage, parse_server

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0  # reconnect to a server that answers no ping, or accepts no data, for this long
FIRST_DELAY_S, LONGEST_DELAY_S = 0.05, 1.0  # of the back-off between attempts to connect


@dataclass(frozen=True)
class Ingest:
    """The server's ingest port on loopback, and the token of this run."""

    port: int
    token: str = field(repr=False)

    def publisher(self, handle: Callable[[ServerMessage], None] = lambda _: None) -> "Publisher":
        """Return a publisher to this port; `handle` is called on its thread with each message of the server."""
        return Publisher(self, handle)

    async def messages(self) -> AsyncIterator[str]:
        """Yield the text messages that viewers get, and after a reconnect the present state again."""
        async for socket in self.connect("/messages?frames=0"):
            with contextlib.suppress(ConnectionClosed):
                async for message in socket:
                    yield str(message)

    def connect(self, path: str) -> connect:
        """Return a connection, which is retried after every error: the server may be restarting."""
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            reconnect_delays=lambda: backoff(FIRST_DELAY_S, LONGEST_DELAY_S),
            process_exception=lambda _: None,
            compression=None,  # JPEG does not compress: deflate cost 1.8 ms a frame for 0.4 %
            proxy=None,
            ping_interval=HEARTBEAT_S,
            ping_timeout=HEARTBEAT_S,
        )


class Publisher(BufferedPublisher):
    """Sends what is in its outbox from a helper thread."""

    def __init__(self, ingest: Ingest, handle: Callable[[ServerMessage], None] = lambda _: None) -> None:
        """`handle` is called on the helper thread with each message of the server."""
        super().__init__(lambda: self._loop.call_soon_threadsafe(self._changed.set))
        self._ingest = ingest
        self._handle = handle

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._loop.set_exception_handler(LoopErrors())
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the thread has already ended
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(2)

    def _run(self) -> None:
        with self._runner, contextlib.suppress(asyncio.CancelledError):
            self._runner.run(self._stay_connected())

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _stay_connected(self) -> None:
        async for socket in self._ingest.connect("/ingest"):
            sender = asyncio.create_task(self._send_all(socket))
            try:
                async for text in socket:
                    self._handle(parse_server(str(text)))
            except ConnectionClosed as error:
                logger.debug("connection to the server closed: %s", error)
            except MessageError as error:
                logger.error("invalid message from the server: %s", error)
            finally:
                self._outbox.disconnect()
                socket.transport.abort()  # a closing handshake would wait for a server that does not read
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send_all(self, socket: ClientConnection) -> None:
        self._outbox.connect()
        while True:
            await self._changed.wait()
            self._changed.clear()
            for _, data in self._outbox.take_all():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):  # keepalive pings would wait behind this message
                        await socket.send(data)
                except TimeoutError:
                    socket.transport.abort()
                    return
