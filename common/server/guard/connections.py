"""The entrance: a port that serves an application, and what a connection to it may cost before anyone is asked in."""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.web_request import BaseRequest

from common.server.guard.access import SECURITY_HEADERS
from common.server.guard.log_limit import OncePerSecond

logger = logging.getLogger(__name__)
logger.addFilter(OncePerSecond())

# Room for some hundred viewers, also where a proxy speaks for all of them, and fewer than the 1024 files that a
# process may have open on most systems.
MAX_CONNECTIONS = 800
MAX_FROM_ONE_ADDRESS = 400
REQUEST_S = 20.0  # to come up with the whole head of a request, the first or the next
BODY_S = 1.0  # no request has a body that matters: what comes of one is read and forgotten for so long
HANDSHAKE_S = 10.0  # of TLS
SHUTDOWN_S = 0.1  # streams never end by themselves: waiting longer for them only delays the end of the app


class Entrance:
    """Serves `app` on a socket that listens already, between `open` and `close`; the socket stays open after."""

    def __init__(self, app: web.Application, listener: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """`context` is None for plain http."""
        # A handler that waits for a frame must end with its reader, not with the frame.
        self._runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True)
        self._listener = listener
        self._context = context
        self._connections: Counter[str] = Counter()  # by address

    async def open(self) -> None:
        """Begin to let connections in."""
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(cast(web.Server, self._runner.server)),
            sock=Listener(self._listener, self),
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_S if self._context else None,
        )

    async def close(self) -> None:
        """Let nobody in any more, and end what is still there."""
        self._server.close()
        # One that ended in the very moment in which aiohttp loses patience would trip it up.
        for connection in self._runner.server.connections if self._runner.server else ():
            connection.force_close()
        await self._runner.cleanup()

    def admit(self, address: str) -> bool:
        """Count a connection from `address`; says whether it is one that there is room for."""
        self._connections[address] += 1
        if self._connections[address] > MAX_FROM_ONE_ADDRESS or self._connections.total() > MAX_CONNECTIONS:
            logger.warning("too many connections: %d, %d of them from %s", *self._counts(address), address)
            return False
        return True

    def forget(self, address: str) -> None:
        """A connection from `address` has ended, whether it was admitted or not."""
        self._connections[address] -= 1
        if not self._connections[address]:
            del self._connections[address]

    def _counts(self, address: str) -> tuple[int, int]:
        return self._connections.total(), self._connections[address]


class Listener(socket.socket):
    """Lets in what there is room for. Counted later, after the handshake of TLS, silent peers would be free."""

    def __init__(self, listener: socket.socket, entrance: Entrance) -> None:
        # A duplicate: it is closed in the end, and the next server must find the port still listening.
        super().__init__(fileno=listener.dup().detach())
        self._entrance = entrance

    def accept(self) -> tuple[socket.socket, Any]:
        """See socket.socket. Raises ConnectionAbortedError, which asyncio passes over, for one that is sent away."""
        peer, address = super().accept()
        host = str(address[0])
        admitted = self._entrance.admit(host)
        counted = Peer(peer, lambda: self._entrance.forget(host))
        if not admitted:
            counted.close()
            raise ConnectionAbortedError
        return counted, address


class Peer(socket.socket):
    """A connection that says when it is closed."""

    def __init__(self, peer: socket.socket, on_close: Callable[[], None]) -> None:
        super().__init__(peer.family, peer.type, peer.proto, fileno=peer.detach())
        self._on_close: Callable[[], None] | None = on_close

    def close(self) -> None:
        """See socket.socket."""
        super().close()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None


class Connection(web.RequestHandler):
    """aiohttp's end of a connection, with limits; what it cannot read it answers as any other request."""

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=cast(logging.Logger, None),  # it would hold the tokens of links
            keepalive_timeout=REQUEST_S,
            lingering_time=BODY_S,
            auto_decompress=False,  # a small body could become a large one
        )

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is no HTTP is a stranger's fault: not logged, since its lines may hold a token, and not repeated."""
        response: web.StreamResponse
        if status == web.HTTPBadRequest.status_code:
            response = web.Response(status=status, text="this is no request that can be read")
            response.force_close()
        else:
            response = super().handle_error(request, status, exc, message)
        response.headers.update(SECURITY_HEADERS)
        return response
