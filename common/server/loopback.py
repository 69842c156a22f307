"""The transport of messages within one machine: a websocket for each role, to a port of the server on loopback."""

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from common.messaging.publisher import Ingest
from common.server.listen import listen

if TYPE_CHECKING:
    from common.server.hub import Hub


@dataclass(frozen=True)
class LoopbackReceiver:
    """Serves the ingest port, on a socket that listens already and stays open for the next server."""

    listener: socket.socket
    token: str = field(repr=False)

    @asynccontextmanager
    async def open(self, hub: "Hub") -> AsyncIterator[None]:
        """Serve roles that have the token until the context is left."""
        from common.server.http_server import HttpServer
        from common.server.ingest import ingest_app

        server = HttpServer(ingest_app(hub, self.token), self.listener)
        await server.open()
        try:
            yield
        finally:
            await server.close()


class LoopbackTransport:
    """Owns the listening socket: connections made while the server is restarted wait in the backlog."""

    def __init__(self) -> None:
        """Raises AddressError."""
        self._listener = listen("127.0.0.1", 0)
        self._ingest = Ingest(self._listener.getsockname()[1], secrets.token_urlsafe())
        self.receiver = LoopbackReceiver(self._listener, self._ingest.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def ingest(self, role: str) -> Ingest:
        """Return the port and its token, which are the same for all roles."""
        return self._ingest
