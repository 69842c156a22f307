"""Free ports of the loopback address, to listen on later or again, or at which nothing is to listen."""

import random
import socket

# Below the ports that a kernel selects itself: from 32768 in Linux (ip_local_port_range in ip-sysctl.rst of its
# documentation). One of those could be taken by a connection, even one to the port itself, before anything listens.
PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a TCP port that was free a moment ago."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
