"""Configure and open Zenoh sessions: one router for each node, and one client for each of its roles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.errors import SettingsError

try:
    import zenoh
except ModuleNotFoundError as error:
    raise SettingsError("--impl zenoh needs eclipse-zenoh; run: pip install -r requirements-zenoh.txt") from error

MAX_MESSAGE_BYTES = 16 * 2**20  # of a frame as JPEG: 8K at high quality has 10 MB
LEASE_MS = 1500  # after which a silent node counts as gone; the default of 10 s is too long for a live view
RETRY_MS = {"period_init_ms": 200, "period_max_ms": 1000, "period_increase_factor": 2}

# Keys: DEFAULT_CONFIG.json5 of the zenoh repository.
COMMON: dict[str, Any] = {
    "scouting/multicast/enabled": False,
    "scouting/gossip/enabled": False,
    "transport/link/tx/lease": LEASE_MS,
    "transport/link/rx/max_message_size": MAX_MESSAGE_BYTES,
    "transport/shared_memory/enabled": False,  # a process that is killed would leave files in /dev/shm
}


def direct(callback: Callable[[Any], None]) -> "zenoh.handlers.Callback[Any]":
    """Return a handler that calls `callback`, which must not block, on the thread of the network.

    By default it would get a FIFO of 256 samples and a thread that is no daemon: Python joins it at exit, before the
    functions registered with atexit, one of which closes the session.
    """
    return zenoh.handlers.Callback(callback, indirect=False)


def open_router(socket: Path) -> "zenoh.Session":
    """Open the router of a node, to which its roles connect by a Unix socket. Raises SettingsError."""
    return _open({"mode": "router", "listen/endpoints": [_endpoint(socket)]})


def open_client(socket: Path) -> "zenoh.Session":
    """Open the session of a role, which connects to the router of its node. Raises SettingsError."""
    return _open(
        {
            "mode": "client",
            "connect/endpoints": [_endpoint(socket)],
            "connect/timeout_ms": -1,
            "connect/exit_on_failure": False,
            "connect/retry": RETRY_MS,
        }
    )


def _endpoint(socket: Path) -> str:
    return f"unixsock-stream/{socket}"


def _open(values: dict[str, Any]) -> "zenoh.Session":
    config = zenoh.Config()
    for key, value in (COMMON | values).items():
        config.insert_json5(key, json.dumps(value))
    try:
        return zenoh.open(config)
    except zenoh.ZError as error:
        raise SettingsError(f"zenoh: {error}") from error
