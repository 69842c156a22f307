"""Three nodes on three machines: a camera, a server and a processor, each in a network namespace of its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.certificates.command import Node, create
from tests.network.network import Link, Namespace
from tests.network.viewer import Recording, recording
from tests.support.apps import App, running

HUB_PORT = 7447
DATAGRAMS = Path(__file__).resolve().parents[2] / "deploy/datagrams"
START_S = 60.0  # for three apps to start at once
SETTINGS = """
impl = "zenoh"
{common}

[server]
node = "hub"

[[cameras]]
name = "gate"
node = "gate-box"
source = "{source}"

[[processors]]
name = "vehicles"
node = "gpu-box"
model = "{model}"

[zenoh]
hub = "tls/{hub}:{port}"
certificates = "{certificates}"
{zenoh}
"""


@dataclass(frozen=True)
class Machines:
    """The machines: the hub, and the links from it to those of the camera and of the processor."""

    hub: Namespace
    gate_box: Namespace
    gpu_box: Namespace
    gate_link: Link
    gpu_link: Link

    def of(self, node: str) -> Namespace:
        """Return the machine of a node."""
        return {"hub": self.hub, "gate-box": self.gate_box, "gpu-box": self.gpu_box}[node]


@contextmanager
def machines(congestion_control: str | None = None) -> Iterator[Machines]:
    """Create the machines and their links, with a congestion control of TCP other than that of this machine."""
    with ExitStack() as stack:
        hub, gate_box, gpu_box = (
            stack.enter_context(Namespace(name, number)) for number, name in enumerate(("hub", "gate", "gpu"), 1)
        )
        links = (
            stack.enter_context(Link(hub, box, congestion_control=congestion_control)) for box in (gate_box, gpu_box)
        )
        yield Machines(hub, gate_box, gpu_box, *links)


def write_settings(folder: Path, hub: str, source: str, model: str, common: str = "", zenoh: str = "") -> Path:
    """Write the settings file and the certificates of the nodes; return the file."""
    certificates = folder / "certificates"
    create(certificates, (Node("hub", (hub,)), Node("gate-box"), Node("gpu-box")))
    file = folder / "vision.toml"
    file.write_text(
        SETTINGS.format(
            common=common.replace(";", "\n"),
            source=source,
            model=model,
            hub=hub,
            port=HUB_PORT,
            certificates=certificates,
            zenoh=zenoh.replace(";", "\n"),
        )
    )
    return file


@contextmanager
def node(name: str, settings: Path, machine: Namespace | None = None) -> Iterator[App]:
    """Run a node on its machine, on this one without one."""
    within = machine.within if machine else ()
    with running("--config", str(settings), "--node", name, within=within) as app:
        yield app


@contextmanager
def all_nodes(settings: Path, on: Machines, datagrams: bool = False) -> Iterator[Recording]:
    """Run all nodes, and record the stream until the end. Frames and detections flow when it yields.

    With `datagrams` they are joined by the configuration of deploy/datagrams, instead of TLS.
    """
    with ExitStack() as stack:
        apps = {
            name: stack.enter_context(
                node(name, _with_datagrams(settings, name, on.hub.address) if datagrams else settings, on.of(name))
            )
            for name in ("hub", "gate-box", "gpu-box")
        }
        hub = apps["hub"]
        recorded = stack.enter_context(recording(on.hub, hub.port))
        deadline = time.monotonic() + START_S
        while not (recorded.frames and recorded.detections):
            assert time.monotonic() < deadline, f"no frames and detections; {hub.stderr}"
            time.sleep(0.05)
        yield recorded


def _with_datagrams(settings: Path, name: str, hub: str) -> Path:
    """Write the settings of one node with the Zenoh configuration of deploy/datagrams; return the file."""
    given = (DATAGRAMS / ("hub.json5" if name == "hub" else "node.json5")).read_text()
    config = settings.with_name(f"{name}.json5")
    config.write_text(given.replace("10.9.0.1", hub))
    file = settings.with_name(f"{name}.toml")
    file.write_text(settings.read_text().replace("[zenoh]", f'[zenoh]\nconfig = "{config}"'))
    return file
