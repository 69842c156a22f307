"""The ingest socket: frames and messages of the roles come in here, on a loopback port of its own."""

import asyncio
import logging

from aiohttp import WSMsgType, web

from common.errors import MessageError
from common.frames import MAX_FRAME_BYTES
from common.messaging.messages import MAX_HEADER_BYTES, ServerMessage, SettingChange
from common.server.guard.access import ignore_hang_ups, same_secret
from common.server.guard.log_limit import OncePerSecond
from common.server.hub import Hub
from common.server.latest_by_kind import LatestByKind

logger = logging.getLogger(__name__)
logger.addFilter(OncePerSecond())

MAX_MESSAGE_BYTES = MAX_FRAME_BYTES + MAX_HEADER_BYTES  # no JPEG is larger than the picture it was made from
HEARTBEAT_S = 5.0


def ingest_app(hub: Hub, token: str) -> web.Application:
    """The application of the ingest port. A client without the token of this run gets 401."""

    async def ingest(request: web.Request) -> web.StreamResponse:
        if not same_secret(request.headers.get("Authorization", ""), f"Bearer {token}"):
            logger.warning("refused an ingest client without the token, from %s", request.remote)
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(compress=False, heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        await _serve_role(hub, socket)
        return socket

    app = web.Application(middlewares=[ignore_hang_ups])
    app.router.add_get("/ingest", ingest)
    return app


async def _serve_role(hub: Hub, socket: web.WebSocketResponse) -> None:
    """Pass on what the role publishes, and to it the settings, until it closes or sends nonsense."""
    outbox: LatestByKind[str] = LatestByKind()

    def send(message: ServerMessage) -> None:
        kind = message.name if isinstance(message, SettingChange) else message.type
        outbox.put(kind, message.model_dump_json())

    async def send_all() -> None:
        while True:
            await socket.send_str(await outbox.get())

    sender = asyncio.create_task(send_all())
    hub.add_role(send)
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                hub.handle_frame(message.data)
            elif message.type is WSMsgType.TEXT:
                hub.handle_message(message.data)
    except MessageError as error:
        logger.error("an ingest client sent nonsense: %s", error)
    finally:
        hub.remove_role(send)
        sender.cancel()
