"""Open a listening TCP socket, and suggest another port where one is taken."""

import errno
import socket

from common.errors import AddressError

BACKLOG = 128
SUGGESTIONS = 100  # ports tried above the one that is taken


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`, or on a free port if `port` is 0. Raises AddressError."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressError(f"port {port} is in use; {_suggestion(host, port)}") from error
        reason = str(error.strerror or error).partition(" (while attempting to bind")[
            0
        ]  # added by socket.create_server
        raise AddressError(f"cannot listen on {host} port {port}: {reason}") from error


def _suggestion(host: str, port: int) -> str:
    """Return a flag with the next free port."""
    for candidate in range(port + 1, min(port + SUGGESTIONS, 65536)):
        try:
            socket.create_server((host, candidate), family=_family(host)).close()
        except OSError:
            continue
        return f"try --port {candidate}"
    return "try --port 0 for any free one"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
