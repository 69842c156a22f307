"""Publish a role's frames and messages to the server over a websocket, without ever blocking the role."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from common.backoff import backoff
from common.errors import MessageError
from common.messaging.base import Message
from common.messaging.loop_errors import LoopErrors
from common.messaging.messages import FrameHeader, Model, ServerMessage, Status, kind_of, pack_frame, parse_server

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0  # reconnect to a server that answers no ping, or accepts no data, for this long
FIRST_DELAY_S, LONGEST_DELAY_S = 0.05, 1.0  # of the back-off between attempts to connect


@dataclass(frozen=True)
class Ingest:
    """Address of the server's ingest socket, and the token of this run."""

    url: str
    token: str = field(repr=False)


class Publisher:
    """Sends from a helper thread. Per kind of message only the newest unsent one is kept; replaced ones are counted.

    A Model and the last Status of each component are sent again after a reconnect: a restarted server knows neither.
    """

    def __init__(self, ingest: Ingest, handle: Callable[[ServerMessage], None] = lambda _: None) -> None:
        """`handle` is called on the helper thread with each message of the server."""
        self._ingest = ingest
        self._handle = handle
        self._lock = threading.Lock()  # guards connected, _pending and _lasting: role and helper thread use them
        self._pending: dict[str, bytes | str] = {}
        self._lasting: dict[str, str] = {}
        self.connected = False
        self.dropped_count = 0

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

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """Put a frame to be sent; it is dropped while the server is not connected."""
        self._put("Tile" if header.tile else "Frame", pack_frame(header, jpeg))

    def send(self, message: Message) -> None:
        """Put a message to be sent; while the server is not connected, only a Model or a Status is kept."""
        kind = kind_of(message)
        text = message.model_dump_json(exclude_none=True)
        if isinstance(message, Model | Status):
            with self._lock:
                self._lasting[kind] = text
        self._put(kind, text)

    def _put(self, kind: str, data: bytes | str) -> None:
        with self._lock:
            if not self.connected:
                return
            self.dropped_count += kind in self._pending
            self._pending[kind] = data
        self._loop.call_soon_threadsafe(self._changed.set)

    def _run(self) -> None:
        with self._runner, contextlib.suppress(asyncio.CancelledError):
            self._runner.run(self._stay_connected())

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _stay_connected(self) -> None:
        async for socket in connect(
            self._ingest.url,
            additional_headers={"Authorization": f"Bearer {self._ingest.token}"},
            reconnect_delays=lambda: backoff(FIRST_DELAY_S, LONGEST_DELAY_S),
            process_exception=lambda _: None,  # retry after every error: the server may be restarting
            compression=None,  # JPEG does not compress: deflate cost 1.8 ms a frame for 0.4 %
            proxy=None,
            ping_interval=HEARTBEAT_S,
            ping_timeout=HEARTBEAT_S,
        ):
            sender = asyncio.create_task(self._send_all(socket))
            try:
                async for text in socket:
                    self._handle(parse_server(str(text)))
            except ConnectionClosed as error:
                logger.debug("connection to the server closed: %s", error)
            except MessageError as error:
                logger.error("invalid message from the server: %s", error)
            finally:
                self.connected = False
                socket.transport.abort()  # a closing handshake would wait for a server that does not read
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send_all(self, socket: ClientConnection) -> None:
        with self._lock:
            self._pending = dict(self._lasting)
            self.connected = True
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            with self._lock:
                batch, self._pending = self._pending, {}
            for data in batch.values():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):  # keepalive pings would wait behind this message
                        await socket.send(data)
                except TimeoutError:
                    socket.transport.abort()
                    return
