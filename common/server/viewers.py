"""Viewers: per viewer a slot for the newest frame, a credit, limits, and a write deadline; none delays another."""

import asyncio
import logging
from collections import defaultdict

from aiohttp import WSMsgType, web

from common.errors import MessageError, SettingsError
from common.messaging.messages import Ack, Change, Watch, parse_viewer
from common.messaging.regions import Refusal
from common.server.cameras import selected_cameras
from common.server.encoded_frame import EncodedFrame
from common.server.guard.log_limit import LimitByMessage
from common.server.guard.token_bucket import TokenBucket
from common.server.hub import Hub
from common.server.keys import HUB
from common.server.latest_by_kind import LatestByKind
from common.server.parameters import switch, whole_number
from common.server.websocket import abort, limit_send_buffer, open_websocket
from common.telemetry.meter import Meter

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())

HEARTBEAT_S = 10.0
WRITE_DEADLINE_S = 5.0  # a viewer that accepts no data for this long is disconnected
SEND_BUFFER_BYTES = 128 * 1024  # one or two frames: more would be old when they arrive
MAX_MESSAGE_BYTES = 32 * 1024  # 32 lines and 32 zones of 50 points, with 4 decimals
MAX_CREDIT = 16
# Twice the acknowledgements at the maximum frame rate. A setting costs ten messages, because it is sent to all viewers;
# a slider that is dragged makes one per refresh of the screen.
MESSAGES_PER_S = 600
MESSAGES_AT_ONCE = 600
COST_OF_SETTING = 10
MAX_UNACKED = 64  # frames remembered for a viewer without credit, which may acknowledge them all the same
MAX_EVENTS = 100  # that wait for a viewer
FRAME = "Frame "  # and the name of the camera: the kind of its frames in the outbox


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
        """`credit` is the maximum number of unacknowledged frames of each camera; None for no limit."""
        self.cameras = cameras
        self.takes_frames = takes_frames
        self.tile_width: int | None = None
        self._socket = socket
        self._credit = credit
        self._meter = meter
        self._outbox: LatestByKind[str | EncodedFrame] = LatestByKind()
        # By camera and frame_id, captured_at of every frame sent and not acknowledged.
        self._unacknowledged: dict[str, dict[int, float]] = defaultdict(dict)

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self._outbox.put(f"{FRAME}{frame.header.camera}", frame):
            self._meter.drop("viewer", "slow", camera=frame.header.camera)

    def put_text(self, kind: str, text: str) -> None:
        """Put the newest message of its kind in place of an unsent one."""
        self._outbox.put(kind, text)

    def put_event(self, text: str) -> None:
        """Put an event behind the unsent ones, of which the oldest is lost when there are MAX_EVENTS."""
        if self._outbox.append("Event", text, MAX_EVENTS):
            self._meter.drop("viewer", "too many events")

    def acknowledge(self, camera: str | None, frame_id: int) -> None:
        """Return the credit of a frame that the viewer has painted; None: of a camera that sent this frame_id."""
        cameras = self._unacknowledged.items()
        name = next((name for name, frames in cameras if camera in (None, name) and frame_id in frames), None)
        if name is None:
            return
        captured_at = self._unacknowledged[name].pop(frame_id)
        self._meter.count("painted", camera=name)
        self._meter.sample_age("paint_age_ms", captured_at, camera=name)
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
        if self._credit is None or not kind.startswith(FRAME):
            return True
        return len(self._unacknowledged[kind.removeprefix(FRAME)]) < self._credit

    async def _send_frame(self, frame: EncodedFrame) -> None:
        unacknowledged = self._unacknowledged[frame.header.camera]
        unacknowledged[frame.header.frame_id] = frame.header.captured_at
        if len(unacknowledged) > MAX_UNACKED:
            del unacknowledged[next(iter(unacknowledged))]
        await self._socket.send_bytes(frame.packed)
        self._meter.count("delivered", camera=frame.header.camera)


async def stream(request: web.Request) -> web.StreamResponse:
    """Serve the websocket `/ws/ui`, optionally with `?credit=N`, `?camera=NAME`, or `?frames=0` for messages alone.

    Raises HTTPBadRequest and HTTPNotFound.
    """
    hub = request.app[HUB]
    credit = whole_number(request, "credit", 1, MAX_CREDIT)
    takes_frames = switch(request, "frames", default=True)
    cameras = selected_cameras(request)
    socket = await open_websocket(
        request,
        heartbeat=HEARTBEAT_S,
        autoping=False,  # pings count as messages
        max_msg_size=MAX_MESSAGE_BYTES,
        writer_limit=SEND_BUFFER_BYTES,
    )
    limit_send_buffer(request, SEND_BUFFER_BYTES)
    viewer = Viewer(socket, credit, hub.meter, cameras, takes_frames=takes_frames)
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
                    case Ack(camera=camera, frame_id=frame_id):
                        viewer.acknowledge(camera, frame_id)
                    case Watch(cameras=cameras, width=width):
                        if not bucket.take(COST_OF_SETTING):
                            raise MessageError("too many changes of the cameras")
                        viewer.cameras, viewer.tile_width = frozenset(cameras), width
                        hub.count_viewers()
                    case change:
                        if not bucket.take(COST_OF_SETTING):
                            raise MessageError("too many settings")
                        _change(change, viewer, hub)
            case WSMsgType.PING:
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await socket.pong(message.data)
            case WSMsgType.BINARY:
                raise MessageError("a binary message")


def _change(change: Change, viewer: Viewer, hub: Hub) -> None:
    try:
        hub.change(change)
    except SettingsError as error:
        viewer.put_text("Refusal", Refusal(request=change.type, message=str(error)).model_dump_json())


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
