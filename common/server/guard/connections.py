"""Connection limits, of all clients and of each address, enforced at accept()."""

import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

from common.server.guard.log_limit import LimitByMessage

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())

# Enough for hundreds of viewers, even behind a proxy, which has one address; fewer than the 1024 files that a process
# may have open on most systems.
MAX_CONNECTIONS = 800
MAX_FROM_ONE_ADDRESS = 400


class ConnectionLimit:
    """Counts open connections by address."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, address: str) -> bool:
        """Count a connection, and return whether it is within the limits."""
        self._counts[address] += 1
        total, from_address = self._counts.total(), self._counts[address]
        if from_address > MAX_FROM_ONE_ADDRESS or total > MAX_CONNECTIONS:
            logger.warning("too many connections: %d, %d of them from %s", total, from_address, address)
            return False
        return True

    def remove(self, address: str) -> None:
        """Count the end of a connection, whether it was within the limits or not."""
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]


class LimitedListener(socket.socket):
    """Listening socket that closes connections beyond the limit at once, before any TLS handshake."""

    def __init__(self, listener: socket.socket, limit: ConnectionLimit) -> None:
        # A duplicate: asyncio closes it, and the next server must find the port still listening.
        super().__init__(fileno=listener.dup().detach())
        self._limit = limit

    def accept(self) -> tuple[socket.socket, Any]:
        """See socket.socket. Raises ConnectionAbortedError, which asyncio ignores, for a connection that it closed."""
        peer, address = super().accept()
        host = str(address[0])
        allowed = self._limit.add(host)
        counted = CountedSocket(peer, lambda: self._limit.remove(host))
        if not allowed:
            counted.close()
            raise ConnectionAbortedError
        return counted, address


class CountedSocket(socket.socket):
    """Socket of a connection that calls `on_close` once when it is closed."""

    def __init__(self, peer: socket.socket, on_close: Callable[[], None]) -> None:
        super().__init__(peer.family, peer.type, peer.proto, fileno=peer.detach())
        self._on_close: Callable[[], None] | None = on_close

    def close(self) -> None:
        """See socket.socket."""
        super().close()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None
