"""Serve an aiohttp application on a listening socket, with limits on time, connections and the log."""

import asyncio
import logging
import socket
import ssl
from typing import cast

from aiohttp import web
from aiohttp.web_request import BaseRequest

from common.server.guard.connections import ConnectionLimit, LimitedListener
from common.server.guard.headers import security_headers
from common.server.guard.log_limit import LimitByMessage

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage(60))  # errors of this app: each with a traceback
logging.getLogger("aiohttp.websocket").addFilter(LimitByMessage())

REQUEST_S = 20.0  # to send the complete head of a request, the first or the next
BODY_S = 1.0  # to send the body, which is ignored
HANDSHAKE_S = 10.0  # of TLS
SHUTDOWN_S = 0.1  # for responses that have not ended; streams never end by themselves


class HttpServer:
    """Serves `app` between `open` and `close` on a socket that already listens and stays open afterwards."""

    def __init__(self, app: web.Application, listener: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """`context` is None for plain http."""
        # With handler_cancellation, a handler that waits for a frame ends when its client disconnects.
        self._runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True)
        self._listener = listener
        self._context = context
        self._limit = ConnectionLimit()

    async def open(self) -> None:
        """Start to accept connections."""
        await self._runner.setup()
        self._accepting = LimitedListener(self._listener, self._limit)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: RequestHandler(cast(web.Server, self._runner.server)),
            sock=self._accepting,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_S if self._context else None,
        )

    async def close(self) -> None:
        """Accept no more connections, and close those that are open."""
        asyncio.get_running_loop().remove_reader(self._accepting)
        # Connections that were accepted just now get their transport first: a closed asyncio.Server fails to attach it,
        # and its finalizer fails again (CPython 3.13.0, Server._attach() and _detach()).
        for _ in range(3):
            await asyncio.sleep(0)
        self._server.close()
        # Without this, aiohttp raises for a connection that ends at the moment of the shutdown timeout.
        for connection in self._runner.server.connections if self._runner.server else ():
            connection.force_close()
        await self._runner.cleanup()


class RequestHandler(web.RequestHandler):
    """aiohttp's protocol of one connection, with limits, and with security headers on its own error responses."""

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            logger=logger,
            access_log=cast(logging.Logger, None),  # URLs contain tokens
            keepalive_timeout=REQUEST_S,
            lingering_time=BODY_S,
            auto_decompress=False,  # a small body could become a large one
        )

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer what is not HTTP without logging or repeating it, because its text may contain a token."""
        response: web.StreamResponse
        if status == web.HTTPBadRequest.status_code:
            response = web.Response(status=status, text="invalid HTTP request")
            response.force_close()
        else:
            response = super().handle_error(request, status, exc, message)
        response.headers.update(security_headers())
        return response
