"""Open a websocket, and limit what is buffered for its peer."""

import socket as sockets
from typing import Any

from aiohttp import web

CLOSE_S = 2.0  # to wait for the peer's part of the closing handshake


async def open_websocket(request: web.Request, **options: Any) -> web.WebSocketResponse:
    """Complete the handshake. `options` are those of aiohttp's WebSocketResponse. Raises HTTPBadRequest."""
    socket = web.WebSocketResponse(compress=False, timeout=CLOSE_S, **options)
    try:
        await socket.prepare(request)
    except ValueError:  # aiohttp takes the headers to be ASCII
        raise web.HTTPBadRequest(text="invalid websocket handshake") from None
    return socket


def limit_send_buffer(request: web.Request, size: int) -> None:
    """Buffer at most about `size` bytes each in the kernel and in the transport of this connection."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, size)
        request.transport.set_write_buffer_limits(size)


def abort(request: web.Request) -> None:
    """Close the connection at once: a closing handshake would wait for a peer that does not read."""
    if request.transport is not None:
        request.transport.abort()
