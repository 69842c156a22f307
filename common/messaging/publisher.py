"""What a role says to the server: over a websocket of a helper thread, so that saying it never makes the role wait."""

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
from common.messaging.messages import (
    FrameHeader,
    Message,
    Model,
    SettingChange,
    Status,
    pack_frame,
    parse_setting_change,
)

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0  # a server that answers no ping, or takes no byte, for so long is given up, and connected to anew
FIRST_DELAY_S, LONGEST_DELAY_S = 0.05, 1.0  # of the back-off between attempts to connect


@dataclass(frozen=True)
class Ingest:
    """Where the server listens for the roles, and the token of this run."""

    url: str
    token: str = field(repr=False)


class Publisher:
    """Keeps the newest message of each kind until it is sent; an older one that was not is dropped and counted.

    A Model and every Status are said again to a server that comes back and knows nothing of them.
    """

    def __init__(self, ingest: Ingest, on_setting_change: Callable[[SettingChange], None] = lambda _: None) -> None:
        """`on_setting_change` is called on the helper thread for each setting that the server passes on."""
        self._ingest = ingest
        self._on_set = on_setting_change
        self._lock = threading.Lock()  # guards connected, _pending and _lasting, used by the role and by the thread
        self._pending: dict[str, bytes | str] = {}
        self._lasting: dict[str, str] = {}
        self.connected = False
        self.dropped_count = 0

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._news = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the thread has ended already
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(2)

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """Leave a frame to be sent."""
        self._leave("Frame", pack_frame(header, jpeg))

    def send(self, message: Message) -> None:
        """Leave a message to be sent. While the server is away only a Model and the Statuses are kept."""
        kind = type(message).__name__
        text = message.model_dump_json()
        if isinstance(message, Status):
            kind += message.component
        if isinstance(message, Model | Status):
            with self._lock:
                self._lasting[kind] = text
        self._leave(kind, text)

    def _leave(self, kind: str, data: bytes | str) -> None:
        with self._lock:
            if not self.connected:
                return
            self.dropped_count += kind in self._pending
            self._pending[kind] = data
        self._loop.call_soon_threadsafe(self._news.set)

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
            process_exception=lambda _: None,  # whatever went wrong, the server may be back in a moment
            compression=None,  # a JPEG does not shrink: deflate cost 1.8 ms a frame for 0.4 %
            proxy=None,
            ping_interval=HEARTBEAT_S,
            ping_timeout=HEARTBEAT_S,
        ):
            sender = asyncio.create_task(self._send_all(socket))
            try:
                async for text in socket:
                    self._on_set(parse_setting_change(str(text)))
            except ConnectionClosed as error:
                logger.debug("the server is gone: %s", error)
            except MessageError as error:
                logger.error("the server sent nonsense: %s", error)
            finally:
                self.connected = False
                socket.transport.abort()  # closing politely would wait for a server that reads no more
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send_all(self, socket: ClientConnection) -> None:
        with self._lock:
            self._pending = dict(self._lasting)
            self.connected = True
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            with self._lock:
                batch, self._pending = self._pending, {}
            for data in batch.values():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):  # the heartbeat's own pings would wait behind it
                        await socket.send(data)
                except TimeoutError:
                    socket.transport.abort()
                    return
