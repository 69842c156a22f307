"""Whether an address belongs to this machine alone."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Return whether `host`, a name or an address, can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
