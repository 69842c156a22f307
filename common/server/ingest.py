"""The ingest port: receives frames and messages of the roles, and sends them settings, on loopback only."""

import asyncio
import logging

from aiohttp import WSMsgType, web

from common.errors import MessageError
from common.frames import MAX_FRAME_BYTES
from common.messaging.messages import MAX_HEADER_BYTES, ServerMessage, kind_to_role
from common.server.guard.access import ignore_disconnects
from common.server.guard.log_limit import LimitByMessage
from common.server.guard.tokens import same_secret
from common.server.hub import Hub
from common.server.keys import HUB
from common.server.latest_by_kind import LatestByKind
from common.server.viewers import stream
from common.server.websocket import open_websocket

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())

MAX_MESSAGE_BYTES = MAX_FRAME_BYTES + MAX_HEADER_BYTES  # a JPEG is not larger than its pixels
HEARTBEAT_S = 5.0
INGEST_TOKEN = web.AppKey("ingest_token", str)


def ingest_app(hub: Hub, token: str) -> web.Application:
    """Return the application of the ingest port. A client without the token of this run gets 401."""
    app = web.Application(middlewares=[ignore_disconnects])
    app[HUB], app[INGEST_TOKEN] = hub, token
    app.router.add_get("/ingest", ingest)
    app.router.add_get("/messages", messages)
    return app


async def messages(request: web.Request) -> web.StreamResponse:
    """Serve the websocket of the sinks role: what viewers get. Raises HTTPUnauthorized and HTTPBadRequest."""
    check_token(request)
    return await stream(request)


async def ingest(request: web.Request) -> web.StreamResponse:
    """Serve the websocket of one role. Raises HTTPUnauthorized and HTTPBadRequest."""
    check_token(request)
    socket = await open_websocket(request, heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES)
    await _serve_role(request.app[HUB], socket)
    return socket


def check_token(request: web.Request) -> None:
    """Raise HTTPUnauthorized for a request without the token of this run."""
    if not same_secret(request.headers.get("Authorization", ""), f"Bearer {request.app[INGEST_TOKEN]}"):
        logger.warning("ingest client without the token, from %s", request.remote)
        raise web.HTTPUnauthorized


async def _serve_role(hub: Hub, socket: web.WebSocketResponse) -> None:
    """Pass on what the role publishes, until it closes the websocket or sends an invalid message."""
    outbox: LatestByKind[str] = LatestByKind()

    def send(message: ServerMessage) -> None:
        outbox.put(kind_to_role(message), message.model_dump_json(exclude_none=True))

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
        logger.error("invalid message from an ingest client: %s", error)
    finally:
        hub.remove_role(send)
        sender.cancel()
