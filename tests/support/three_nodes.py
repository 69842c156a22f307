"""Settings of three nodes on one machine, joined by TLS: a server, a camera and a processor."""

import json
from pathlib import Path

from common.certificates.command import main as make_certificates
from tests.support.ports import free_port

FILE = """
impl = "zenoh"
port = 0

[server]
node = "hub"

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


def write_settings(folder: Path, source: str, processor: str) -> Path:
    """Write the settings, `processor` what its processor runs, and the certificates; return the file."""
    file = folder / "vision.toml"
    file.write_text(FILE.format(source=json.dumps(source), processor=processor, port=free_port(), folder=folder))
    make_certificates(["hub=localhost", "gate-box", "gpu-box", "--folder", str(folder)])
    return file
