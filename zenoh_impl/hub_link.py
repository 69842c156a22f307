"""Logs at a node, once, why it has no link to the hub."""

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zenoh

from common.text import printable_line

from .connections import is_of_role
from .session import RouterOptions

logger = logging.getLogger(__name__)

LINK_S = 5.0  # after which a link that can be made is there
TIMEOUT_S = 2.0  # of a try to connect


class HubLink:
    """Tries the connection itself when the router has no link: Zenoh retries without stating a reason."""

    def __init__(self, options: RouterOptions, link_s: float = LINK_S) -> None:
        self._options = options
        self._link_s = link_s
        self._is_up = threading.Event()
        self._ended = threading.Event()

    @contextmanager
    def watching(self, router: "zenoh.Session") -> Iterator[None]:
        """Watch until the context is left."""
        thread = threading.Thread(target=self._run, name="hub link", daemon=True)
        with router.info.declare_link_events_listener(self._on_link, history=True):
            thread.start()
            yield
        self._ended.set()
        self._is_up.set()
        thread.join(TIMEOUT_S)

    def _on_link(self, event: "zenoh.LinkEvent") -> None:
        if is_of_role(event.link):
            return
        if event.kind == zenoh.SampleKind.PUT:
            self._is_up.set()
        else:
            self._is_up.clear()

    def _run(self) -> None:
        if self._is_up.wait(self._link_s) or self._ended.is_set():
            return
        reason = why_not(self._options)
        if self._is_up.is_set():
            return
        logger.warning("no link to the hub at %s: %s", self._options.hub, reason)
        self._is_up.wait()
        if not self._ended.is_set():
            logger.info("linked to the hub")


def why_not(options: RouterOptions) -> str:
    """Return why the hub cannot be reached, or does not accept the certificate of this node."""
    protocol, _, address = str(options.hub).partition("/")
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
            if protocol == "tls" and options.certificates is not None:
                _shake_hands(connection, options.certificates, options.node, host)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is refused here: {printable_line(error.verify_message, 200)}"
    except ssl.SSLError as error:
        return f"it refuses the certificate of this node: {printable_line(error.reason or str(error), 200)}"
    except OSError as error:
        return printable_line(error.strerror or str(error), 200)
    return "it does not answer as a node"


def _shake_hands(connection: socket.socket, folder: Path, node: str, host: str) -> None:
    """Raise OSError when one side refuses the other."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{node}.pem", folder / f"{node}.key")
    with context.wrap_socket(connection, server_hostname=host) as secured:
        # In TLS 1.3 the server verifies after the client has finished; its alert is read later: RFC 8446, section 2.
        secured.settimeout(TIMEOUT_S)
        try:
            secured.recv(1)
        except TimeoutError:
            return
