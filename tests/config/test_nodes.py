"""Settings of several machines: which node runs what, and what is refused."""

from pathlib import Path

import pytest

from common.config.load import load_settings
from common.config.settings import Settings
from common.errors import SettingsError

FILE = """
impl = "zenoh"
[server]
node = "hub"
[[cameras]]
name = "gate"
source = "0"
node = "gate-box"
[[cameras]]
name = "yard"
source = "1"
[[processors]]
name = "vehicles"
node = ["gpu-1", "gpu-2"]
workers = 3
[zenoh]
hub = "tls/hub.local:7447"
certificates = "certificates"
"""


def settings_of(text: str, folder: Path, *flags: str) -> Settings:
    file = folder / "vision.toml"
    file.write_text(text)
    return load_settings(["--config", str(file), *flags])[1]


def test_what_has_no_node_runs_on_that_of_the_first_server(tmp_path: Path) -> None:
    settings = settings_of(FILE, tmp_path)
    assert [camera.node for camera in settings.cameras] == ["gate-box", "hub"]
    assert settings.nodes == ("hub", "gate-box", "gpu-1", "gpu-2")
    assert settings.server.node == ("hub",)


def test_the_workers_of_a_processor_are_distributed_among_its_nodes(tmp_path: Path) -> None:
    (vehicles,) = settings_of(FILE, tmp_path).processors
    assert [vehicles.node_of(worker) for worker in (1, 2, 3)] == ["gpu-1", "gpu-2", "gpu-1"]


def test_without_a_node_everything_is_here(tmp_path: Path) -> None:
    settings = settings_of(FILE, tmp_path)
    assert all(map(settings.is_here, settings.nodes))


def test_a_node_runs_what_is_its_own(tmp_path: Path) -> None:
    settings = settings_of(FILE, tmp_path, "--node", "gate-box")
    assert [name for name in settings.nodes if settings.is_here(name)] == ["gate-box"]


@pytest.mark.parametrize(
    ("old", "new", "flags", "message"),
    [
        ("", "", ("--node", "attic"), "node (attic) must be one of hub, gate-box, gpu-1, gpu-2"),
        ('impl = "zenoh"', "", (), "node (gpu-2) needs --impl zenoh"),
        ('impl = "zenoh"', "", ("--node", "hub"), "node (hub) needs --impl zenoh"),
        ('hub = "tls/hub.local:7447"', "", ("--node", "hub"), "node (hub) needs zenoh.hub, the address"),
        ("tls/hub.local:7447", "hub.local:7447", (), "zenoh.hub (hub.local:7447) must be tls/HOST:PORT"),
        ("tls/hub.local:7447", "udp/hub.local:7447", (), "zenoh.hub (udp/hub.local:7447) must be tls/HOST:PORT"),
        ("tls/hub.local:7447", "tcp/192.0.2.1:7447", (), "must be tls/HOST:PORT: tcp is for loopback only"),
        ("tls/hub.local:7447", "tcp/[::]:7447", (), "must be tls/HOST:PORT: tcp is for loopback only"),
        ('certificates = "certificates"', "", (), "zenoh.hub (tls/hub.local:7447) needs certificates"),
        ("workers = 3", "", (), "workers (1) must be at least one for each of the 2 nodes"),
        ("workers = 3", "workers = 3\nnode_s = 1", (), "unknown setting 'processors[0].node_s'"),
        ('node = "hub"', "node = []", (), "server.node: at least one is needed"),
        ('node = "hub"', 'node = ["a/b"]', (), "server.node[0]: 'a/b' is not"),
        ('node = "hub"', 'nodes = "hub"', (), "unknown setting 'server.nodes'; did you mean node?"),
        ('hub = "tls', 'jpeg_quality = 101\nhub = "tls', (), "zenoh.jpeg_quality: 101 is not a whole number between 1"),
    ],
)
def test_what_cannot_work_is_named(old: str, new: str, flags: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(FILE.replace(old, new) if old else FILE, tmp_path, *flags)
    assert message in str(error.value)
