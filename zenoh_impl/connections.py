"""The TCP connections of links: their options for which Zenoh 1.10 has no settings, and their end.

TCP_NOTSENT_LOWAT: without it megabytes of frames wait in the kernel on a slow link, and are old when they are sent. A
small SO_SNDBUF (so_sndbuf in Zenoh) delayed each frame that does not fit into it by about 0.2 s.

TCP_USER_TIMEOUT: without it a connection whose peer acknowledges nothing, as after a change of address, ends after a
quarter of an hour (tcp(7), tcp_retries2). Zenoh waits for a write to it that is stuck, and adds the next link to the
peer to the old transport, of which the peer knows nothing any more: it cannot decode what is sent.
"""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import zenoh

UNSENT_BYTES = 32 * 1024
TIMEOUT_MS = 2000  # longer than a few retransmissions on a bad link


@contextmanager
def setting_options(router: "zenoh.Session") -> Iterator[None]:
    """Set the options of the connection of each link, until the context is left."""
    with router.info.declare_link_events_listener(_on_link, history=True):
        yield


def _on_link(event: "zenoh.LinkEvent") -> None:
    if event.kind == zenoh.SampleKind.PUT and sys.platform == "linux":
        for connection in _connections():
            with connection, suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TIMEOUT_MS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def is_of_role(link: "zenoh.Link") -> bool:
    """Return whether a link is that of a role to its node, by the Unix socket."""
    return str(link.src).startswith("unixsock-stream/")


def end_sending(link: "zenoh.Link") -> None:
    """Shut the connection of a link down for sending, whereupon both nodes close the link, and make it again.

    What the other node has sent before still arrives.
    """
    if sys.platform == "linux":
        for connection in _connections():
            with connection, suppress(OSError):
                ends = _address(connection.getsockname()), _address(connection.getpeername())
                if ends == (_address_of(link.src), _address_of(link.dst)):
                    connection.shutdown(socket.SHUT_WR)


def _address(name: tuple[Any, ...]) -> str:
    """Return an address as Zenoh writes it."""
    host, port, *_ = name
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address_of(locator: str) -> str:
    """Return the address in a locator, which is written as tls/127.0.0.1:7447."""
    return locator.partition("/")[2].partition("?")[0]


def _connections() -> Iterator[socket.socket]:
    """Yield duplicates of the TCP sockets of this process, which the caller closes: proc(5), /proc/self/fd."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:  # closed meanwhile
            continue
        if found.family in (socket.AF_INET, socket.AF_INET6) and found.type == socket.SOCK_STREAM:
            yield found
        else:
            found.close()
