"""Viewers: each has a slot for one frame, a credit, and a deadline, so that none makes another wait."""

import asyncio
import logging
import socket as sockets

from aiohttp import WSMsgType, web

from common.errors import MessageError
from common.messaging.messages import Ack, parse_viewer
from common.server.guard.log_limit import OncePerSecond
from common.server.guard.token_bucket import Allowance
from common.server.hub import EncodedFrame, Hub
from common.server.latest_by_kind import LatestByKind
from common.telemetry.meter import Meter

logger = logging.getLogger(__name__)
logger.addFilter(OncePerSecond())

HEARTBEAT_S = 10.0
WRITE_DEADLINE_S = 5.0  # a viewer that takes no byte for so long is gone, or wants to harm
SEND_BUFFER_BYTES = 128 * 1024  # a frame or two: what lies in the kernel is old when it arrives
MAX_MESSAGE_BYTES = 1024  # an ack or a setting
MAX_CREDIT = 16
FRAME = "Frame"
# Acknowledgements of twice the highest frame rate; a setting counts as ten, since all hear of it: a slider that is
# dragged makes one for each picture of the screen.
MESSAGES_PER_S = 600
MESSAGES_AT_ONCE = 600
COST_OF_SETTING = 10
MAX_UNACKED = 64  # frames remembered for a viewer that asked for no credit, and may acknowledge all the same


class Viewer:
    """One page: gets the newest frame as soon as it can take one."""

    def __init__(self, socket: web.WebSocketResponse, credit: int | None, meter: Meter) -> None:
        """`credit` is how many frames may be on their way unacknowledged; None for any number."""
        self._socket = socket
        self._credit = credit
        self._meter = meter
        self._outbox: LatestByKind[str | EncodedFrame] = LatestByKind()
        self._captured_at: dict[int, float] = {}  # of every frame sent and not acknowledged

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self._outbox.put(FRAME, frame):
            self._meter.drop("viewer", "slow")

    def put_text(self, kind: str, text: str) -> None:
        """Put the newest message of its kind in place of an unsent one."""
        self._outbox.put(kind, text)

    def acknowledge(self, frame_id: int) -> None:
        """The viewer painted this frame."""
        captured_at = self._captured_at.pop(frame_id, None)
        if captured_at is None:
            return
        self._meter.count("painted")
        self._meter.sample_age("paint_age_ms", captured_at)
        self._outbox.wake()

    async def send_all(self) -> None:
        """Send until the socket ends. Raises TimeoutError when the viewer does not read."""
        while True:
            item = await self._outbox.get(self._may_send)
            async with asyncio.timeout(WRITE_DEADLINE_S):
                if isinstance(item, str):
                    await self._socket.send_str(item)
                else:
                    await self._send_frame(item)

    def _may_send(self, kind: str) -> bool:
        return kind != FRAME or self._credit is None or len(self._captured_at) < self._credit

    async def _send_frame(self, frame: EncodedFrame) -> None:
        self._captured_at[frame.header.frame_id] = frame.header.captured_at
        if len(self._captured_at) > MAX_UNACKED:
            del self._captured_at[next(iter(self._captured_at))]
        await self._socket.send_bytes(frame.packed)
        self._meter.count("delivered")


async def serve_viewer(request: web.Request, hub: Hub) -> web.StreamResponse:
    """`/ws/ui`, optionally with `?credit=N`."""
    credit = request.query.get("credit")
    if credit is not None and credit not in map(str, range(1, MAX_CREDIT + 1)):
        raise web.HTTPBadRequest(text=f"credit must be 1 to {MAX_CREDIT}")
    socket = web.WebSocketResponse(
        compress=False,
        heartbeat=HEARTBEAT_S,
        autoping=False,  # pings count, too
        max_msg_size=MAX_MESSAGE_BYTES,
        writer_limit=SEND_BUFFER_BYTES,
    )
    await socket.prepare(request)
    limit_send_buffer(request)
    viewer = Viewer(socket, int(credit) if credit else None, hub.meter)
    sender = asyncio.create_task(_send_or_abort(viewer, request))
    hub.add_subscriber(viewer)
    try:
        await _listen_to(viewer, socket, hub)
    except MessageError as error:
        logger.info("a viewer is sent away: %s", error)
        await socket.close(code=1008, message=b"not a message of this protocol")
    finally:
        hub.remove_subscriber(viewer)
        sender.cancel()
    return socket


async def _listen_to(viewer: Viewer, socket: web.WebSocketResponse, hub: Hub) -> None:
    """Do as the viewer says, until it leaves. Raises MessageError for what is no message of a viewer, and too many."""
    allowance = Allowance(MESSAGES_PER_S, MESSAGES_AT_ONCE)
    async for message in socket:
        if not allowance.take(1):
            raise MessageError("more messages than a viewer has to say")
        match message.type:
            case WSMsgType.TEXT:
                match parse_viewer(message.data):
                    case Ack(frame_id=frame_id):
                        viewer.acknowledge(frame_id)
                    case setting:
                        if not allowance.take(COST_OF_SETTING):
                            raise MessageError("more settings than a hand can make")
                        hub.change_setting(setting)
            case WSMsgType.PING:
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await socket.pong(message.data)
            case WSMsgType.BINARY:
                raise MessageError("a binary message")


def limit_send_buffer(request: web.Request) -> None:
    """Keep little of what this peer has yet to read: in the kernel, and in the transport."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, SEND_BUFFER_BYTES)
        request.transport.set_write_buffer_limits(SEND_BUFFER_BYTES)


async def _send_or_abort(viewer: Viewer, request: web.Request) -> None:
    try:
        await viewer.send_all()
    except TimeoutError:
        logger.info("a viewer that does not read is cut off")
        if request.transport is not None:
            request.transport.abort()  # closing politely would wait for it
    except ConnectionError:
        pass  # it left while a message was on its way; the reader sees that too
