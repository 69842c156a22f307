"""Configure and open Zenoh sessions: one router for each node, and one client for each of its roles."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zenoh

from common.config.settings import Settings
from common.errors import SettingsError

from .access import NodeRights, access_control, rights_of

MAX_MESSAGE_BYTES = 16 * 2**20  # of a frame as JPEG: 8K at high quality has 10 MB
LEASE_MS = 1500  # after which a silent node counts as gone; the default of 10 s is too long for a live view

# Keys: DEFAULT_CONFIG.json5 of the zenoh repository.
COMMON: dict[str, Any] = {
    "scouting/multicast/enabled": False,
    "scouting/gossip/enabled": False,
    "adminspace/enabled": False,
    "transport/link/tx/lease": LEASE_MS,
    "transport/link/rx/max_message_size": MAX_MESSAGE_BYTES,
    "transport/shared_memory/enabled": False,  # a process that is killed would leave files in /dev/shm
}

WAITING: dict[str, Any] = {  # nodes start in any order
    "connect/timeout_ms": -1,
    "connect/exit_on_failure": False,
    "connect/retry": {"period_init_ms": 200, "period_max_ms": 1000, "period_increase_factor": 2},
}


def direct(callback: Callable[[Any], None]) -> "zenoh.handlers.Callback[Any]":
    """Return a handler that calls `callback`, which must not block, on the thread of the network.

    By default it would get a FIFO of 256 samples and a thread that is no daemon: Python joins it at exit, before the
    functions registered with atexit, one of which closes the session.
    """
    return zenoh.handlers.Callback(callback, indirect=False)


@dataclass(frozen=True)
class RouterOptions:
    """How a node is joined to the others: it listens on `hub`, or connects to it. Without one it is alone.

    `certificates` is a folder with ca.pem, NODE.pem and NODE.key, which tls needs; with them the hub allows each node
    what its `rights` are. `config` is a file with a configuration of Zenoh that is used instead.
    """

    node: str
    hub: str | None = None
    listens: bool = True
    certificates: Path | None = None
    config: Path | None = None
    rights: tuple[NodeRights, ...] = ()


def router_options(settings: Settings) -> RouterOptions:
    """Return the options of the node of the settings; without --node, of that of the hub."""
    section, hub = settings.zenoh, settings.nodes[0]
    name = settings.node or hub
    return RouterOptions(
        name,
        section.hub,
        listens=name == hub,
        certificates=Path(section.certificates).expanduser() if section.certificates else None,
        config=Path(section.config).expanduser() if section.config else None,
        rights=rights_of(settings),
    )


def open_router(socket: Path, options: RouterOptions) -> zenoh.Session:
    """Open the router of a node, to which its roles connect by a Unix socket. Raises SettingsError."""
    return _open(router_config(socket, options))


def router_config(socket: Path, options: RouterOptions) -> zenoh.Config:
    """Return the configuration of a router. Raises SettingsError."""
    listen: list[str] = [_endpoint(socket)]
    connect: list[str] = []
    if options.config is not None:
        try:
            config = zenoh.Config.from_file(str(options.config))
        except zenoh.ZError as error:
            raise SettingsError(f"zenoh.config {str(options.config)!r}: {error}") from error
        listen += _listen_endpoints(config)
        return _with(config, {"mode": "router", "listen/endpoints": listen})
    if options.hub is not None:
        (listen if options.listens else connect).append(options.hub)
    values = COMMON | WAITING | {"mode": "router", "listen/endpoints": listen, "connect/endpoints": connect}
    if options.hub is not None and options.hub.startswith("tls/") and options.certificates is not None:
        values |= _mutual_tls(options.node, options.certificates)
        if options.listens:
            values["access_control"] = access_control(options.rights)
    return _with(zenoh.Config(), values)


def _listen_endpoints(config: zenoh.Config) -> list[str]:
    """Return those that a file states, not the default of Zenoh: any address, without encryption."""
    stated = config.get_json("listen/endpoints")
    if stated == zenoh.Config().get_json("listen/endpoints"):
        return []
    endpoints: list[str] | dict[str, list[str]] = json.loads(stated)
    return endpoints.get("router", []) if isinstance(endpoints, dict) else endpoints


def _mutual_tls(node: str, folder: Path) -> dict[str, Any]:
    """Return the settings with which each side presents a certificate of the private authority."""
    files = [folder / name for name in ("ca.pem", f"{node}.pem", f"{node}.key")]
    for path in files:
        if not path.is_file():
            raise SettingsError(f"zenoh.certificates: {path} is missing; run: python main.py certificates {node}")
    authority, certificate, key = map(str, files)
    return {
        "transport/link/tls/root_ca_certificate": authority,
        "transport/link/tls/enable_mtls": True,
        "transport/link/tls/verify_name_on_connect": True,
        "transport/link/tls/listen_certificate": certificate,
        "transport/link/tls/listen_private_key": key,
        "transport/link/tls/connect_certificate": certificate,
        "transport/link/tls/connect_private_key": key,
    }


def open_client(socket: Path) -> zenoh.Session:
    """Open the session of a role, which connects to the router of its node. Raises SettingsError."""
    return _open(_with(zenoh.Config(), COMMON | WAITING | {"mode": "client", "connect/endpoints": [_endpoint(socket)]}))


def _endpoint(socket: Path) -> str:
    return f"unixsock-stream/{socket}"


def _with(config: zenoh.Config, values: dict[str, Any]) -> zenoh.Config:
    for key, value in values.items():
        config.insert_json5(key, json.dumps(value))
    return config


def _open(config: zenoh.Config) -> zenoh.Session:
    try:
        return zenoh.open(config)
    except zenoh.ZError as error:
        raise SettingsError(f"zenoh: {error}") from error
