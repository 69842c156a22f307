"""Settings of four nodes with certificates, and their sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zenoh

from common.certificates.command import Node, create
from common.config.settings import Settings
from tests.support.ports import free_port
from zenoh_impl.access import rights_of
from zenoh_impl.session import RouterOptions


def three_boxes(certificates: Path) -> Settings:
    """Return the settings of a hub, the boxes of two cameras, and the box of a processor; write their certificates."""
    create(certificates, (Node("hub", ("localhost",)), Node("gate-box"), Node("yard-box"), Node("gpu-box")))
    return Settings.model_validate(
        {
            "impl": "zenoh",
            "server": {"node": "hub"},
            "cameras": [
                {"name": "gate", "node": "gate-box", "source": "sample"},
                {"name": "yard", "node": "yard-box", "source": "sample"},
            ],
            "processors": [{"name": "vehicles", "node": "gpu-box"}],
            "zenoh": {"hub": f"tls/localhost:{free_port()}", "certificates": str(certificates)},
        }
    )


def options(settings: Settings, node: str) -> RouterOptions:
    """Return the options of the router of a node."""
    settings = settings.model_copy(update={"node": node})
    certificates = Path(str(settings.zenoh.certificates))
    listens = node == settings.server.node[0]
    return RouterOptions(node, settings.zenoh.hub, listens, certificates, rights=rights_of(settings))


def with_certificates(settings: Settings, folder: Path) -> Settings:
    """Return the settings with the certificates of another folder."""
    return settings.model_copy(update={"zenoh": settings.zenoh.model_copy(update={"certificates": str(folder)})})


@contextmanager
def closing(session: zenoh.Session) -> Iterator[zenoh.Session]:
    """Close a session at the end."""
    try:
        yield session
    finally:
        session.close()  # type: ignore[no-untyped-call]
