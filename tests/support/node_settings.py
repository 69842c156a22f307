"""Settings of nodes on one machine, joined by TLS: servers, a camera and a processor."""

import json
from collections.abc import Sequence
from pathlib import Path

from common.certificates.command import main as make_certificates
from tests.support.ports import free_port

FILE = """
impl = "zenoh"
port = 0

[server]
node = {servers}

[[cameras]]
name = "gate"
node = "gate-box"
source = {source}

[[processors]]
name = "finder"
node = "gpu-box"
{processor}

[zenoh]
hub = "tls/localhost:{port}"
certificates = "{folder}"
"""
NODES = ("gate-box", "gpu-box", "hub")  # the hub last: the others wait for it


def write_settings(folder: Path, source: str, processor: str, servers: Sequence[str] = ("hub",)) -> Path:
    """Write the settings, `processor` what its processor runs, and the certificates; return the file."""
    file = folder / "vision.toml"
    hub, *others = servers
    values = {"source": json.dumps(source), "servers": json.dumps(servers), "port": free_port(), "folder": folder}
    file.write_text(FILE.format(processor=processor, **values))
    make_certificates([f"{hub}=localhost", *others, "gate-box", "gpu-box", "--folder", str(folder)])
    return file
