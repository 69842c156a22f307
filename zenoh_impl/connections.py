"""Options of the TCP connections of links for which Zenoh 1.10 has no settings.

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
