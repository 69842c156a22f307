"""Viewers: per viewer a slot for the newest frame, a credit, limits, and a write deadline; none delays another."""

import asyncio
import logging

from aiohttp import WSMsgType, web

from common.errors import MessageError
from common.messaging.messages import Ack, ModelChange, parse_viewer
from common.server.cameras import selected_cameras
from common.server.guard.log_limit import LimitByMessage
from common.server.guard.token_bucket import TokenBucket
from common.server.hub import EncodedFrame, Hub
from common.server.keys import HUB
from common.server.latest_by_kind import LatestByKind
from common.server.websocket import abort, limit_send_buffer, open_websocket
from common.telemetry.meter import Meter

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())

HEARTBEAT_S = 10.0
WRITE_DEADLINE_S = 5.0  # a viewer that accepts no data for this long is disconnected
SEND_BUFFER_BYTES = 128 * 1024  # one or two frames: more would be old when they arrive
MAX_MESSAGE_BYTES = 1024
MAX_CREDIT = 16
# Twice the acknowledgements at the maximum frame rate. A setting costs ten messages, because it is sent to all viewers;
# a slider that is dragged makes one per refresh of the screen.
MESSAGES_PER_S = 600
MESSAGES_AT_ONCE = 600
COST_OF_SETTING = 10
MAX_UNACKED = 64  # frames remembered for a viewer without credit, which may acknowledge them all the same
FRAME = "Frame"


class Viewer:
    """One websocket of a page: sends the newest frame as soon as the viewer can take one."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        credit: int | None,
        meter: Meter,
        cameras: frozenset[str],
        *,
        takes_frames: bool = True,
    ) -> None:
        """`credit` is the maximum number of unacknowledged frames; None for no limit."""
        self.cameras = cameras
        self.takes_frames = takes_frames
        self._socket = socket
        self._credit = credit
        self._meter = meter
        self._outbox: LatestByKind[str | EncodedFrame] = LatestByKind()
        self._captured_at: dict[int, float] = {}  # of every frame sent and not acknowledged

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self._outbox.put(f"{FRAME} {frame.header.camera}", frame):
            self._meter.drop("viewer", "slow")

    def put_text(self, kind: str, text: str) -> None:
        """Put the newest message of its kind in place of an unsent one."""
        self._outbox.put(kind, text)

    def acknowledge(self, frame_id: int) -> None:
        """Return the credit of a frame that the viewer has painted."""
        captured_at = self._captured_at.pop(frame_id, None)
        if captured_at is None:
            return
        self._meter.count("painted")
        self._meter.sample_age("paint_age_ms", captured_at)
        self._outbox.wake()

    async def send_all(self) -> None:
        """Send until the socket is closed. Raises TimeoutError when the viewer does not read."""
        while True:
            item = await self._outbox.get(self._may_send)
            async with asyncio.timeout(WRITE_DEADLINE_S):
                if isinstance(item, str):
                    await self._socket.send_str(item)
                else:
                    await self._send_frame(item)

    def _may_send(self, kind: str) -> bool:
        return not kind.startswith(FRAME) or self._credit is None or len(self._captured_at) < self._credit

    async def _send_frame(self, frame: EncodedFrame) -> None:
        self._captured_at[frame.header.frame_id] = frame.header.captured_at
        if len(self._captured_at) > MAX_UNACKED:
            del self._captured_at[next(iter(self._captured_at))]
        await self._socket.send_bytes(frame.packed)
        self._meter.count("delivered")


async def stream(request: web.Request) -> web.StreamResponse:
    """Serve the websocket `/ws/ui`, optionally with `?credit=N`, `?camera=NAME`, or `?frames=0` for messages alone.

    Raises HTTPBadRequest and HTTPNotFound.
    """
    hub = request.app[HUB]
    credit = request.query.get("credit")
    if credit is not None and credit not in map(str, range(1, MAX_CREDIT + 1)):
        raise web.HTTPBadRequest(text=f"credit must be a whole number from 1 to {MAX_CREDIT}")
    frames = request.query.get("frames", "1")
    if frames not in ("0", "1"):
        raise web.HTTPBadRequest(text="frames must be 0 or 1")
    cameras = selected_cameras(request)
    socket = await open_websocket(
        request,
        heartbeat=HEARTBEAT_S,
        autoping=False,  # pings count as messages
        max_msg_size=MAX_MESSAGE_BYTES,
        writer_limit=SEND_BUFFER_BYTES,
    )
    limit_send_buffer(request, SEND_BUFFER_BYTES)
    viewer = Viewer(socket, int(credit) if credit else None, hub.meter, cameras, takes_frames=frames == "1")
    hub.add_subscriber(viewer)
    sender = asyncio.create_task(_send_or_abort(viewer, request))
    try:
        await _receive(viewer, socket, hub)
    except MessageError as error:
        logger.info("closing a viewer's websocket with 1008: %s", error)
        hub.remove_subscriber(viewer)
        await socket.close(code=1008, message=b"not a message of this protocol")
    except TimeoutError:
        _abort_unread(request)
    finally:
        hub.remove_subscriber(viewer)
        sender.cancel()
    return socket


async def _receive(viewer: Viewer, socket: web.WebSocketResponse, hub: Hub) -> None:
    """Handle the messages of a viewer until its websocket is closed.

    Raises MessageError for an invalid message and for too many, and TimeoutError when the viewer does not read.
    """
    bucket = TokenBucket(MESSAGES_PER_S, MESSAGES_AT_ONCE)
    async for message in socket:
        if not bucket.take(1):
            raise MessageError("too many messages")
        match message.type:
            case WSMsgType.TEXT:
                match parse_viewer(message.data):
                    case Ack(frame_id=frame_id):
                        viewer.acknowledge(frame_id)
                    case change:
                        if not bucket.take(COST_OF_SETTING):
                            raise MessageError("too many settings")
                        if isinstance(change, ModelChange):
                            hub.change_model(change)
                        else:
                            hub.change_setting(change)
            case WSMsgType.PING:
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await socket.pong(message.data)
            case WSMsgType.BINARY:
                raise MessageError("a binary message")


async def _send_or_abort(viewer: Viewer, request: web.Request) -> None:
    try:
        await viewer.send_all()
    except TimeoutError:
        _abort_unread(request)
    except ConnectionError:
        pass  # the viewer disconnected; the receiving side ends as well


def _abort_unread(request: web.Request) -> None:
    logger.info("closing a viewer's connection: it does not read")
    abort(request)
