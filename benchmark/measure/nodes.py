"""Several nodes on this machine: one with all cameras, one with a processor, and one for each server."""

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmark.errors import MeasuringError
from benchmark.measure.app import RunningApp
from common.certificates.command import Node, create

CAMERAS, PROCESSOR = "cameras", "processor"
TRAFFIC = re.compile(r"bytes_(sent|received):(\d+)")


@dataclass(frozen=True)
class Traffic:
    """Bytes on the links of a node to others, in both directions, since their connections were made."""

    sent: int
    received: int


class RunningNode:
    """One of the nodes. `app` is its main process, which holds its link to the others."""

    def __init__(self, name: str, app: RunningApp) -> None:
        self.name = name
        self.app = app

    def traffic(self, port: int) -> Traffic:
        """Return the bytes on its connections to the port of the hub. Raises MeasuringError."""
        try:
            command = ["ss", "-tinpH", f"dport = :{port}"]
            listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise MeasuringError(f"bench nodes needs ss of iproute2: {error}") from error
        totals = {"sent": 0, "received": 0}
        for connection in re.split(r"\n(?=\S)", listed):
            if f"pid={self.app.pid}," in connection:
                for direction, count in TRAFFIC.findall(connection):
                    totals[direction] += int(count)
        return Traffic(totals["sent"], totals["received"])


@contextmanager
def running_nodes(
    flags: Sequence[str], source: str, cameras: int, servers: int
) -> Iterator[tuple[list[RunningNode], int]]:
    """Run the nodes with mutual TLS over loopback; yield them, the servers first, and the port of the hub."""
    names = [f"server{number}" for number in range(1, servers + 1)]
    with TemporaryDirectory() as folder, ExitStack() as stack:
        port = _free_port()
        create(Path(folder), (Node(names[0], ("localhost",)), *map(Node, (*names[1:], CAMERAS, PROCESSOR))))
        file = Path(folder) / "vision.toml"
        file.write_text(_settings(Path(folder), names, source, cameras, port), encoding="utf-8")
        nodes = [
            RunningNode(name, stack.enter_context(RunningApp(*flags, f"--config={file}", f"--node={name}")))
            for name in (*names, CAMERAS, PROCESSOR)
        ]
        yield nodes, port


def split(processes: Sequence[psutil.Process]) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """Return the processes of a node without roles, which are the main one and the resource tracker; and the roles."""
    main, *children = processes
    roles = [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
    return [main, *(child for child in children if child not in roles)], roles


def _settings(folder: Path, servers: Sequence[str], source: str, cameras: int, port: int) -> str:
    tables = [
        f'[[cameras]]\nname = "c{number}"\nnode = "{CAMERAS}"\nsource = "{source}"' for number in range(1, cameras + 1)
    ]
    nodes = ", ".join(f'"{name}"' for name in servers)
    return "\n".join(
        (
            'impl = "zenoh"',
            f"[server]\nnode = [{nodes}]",
            *tables,
            f'[[processors]]\nname = "all"\nnode = "{PROCESSOR}"',
            f'[zenoh]\nhub = "tls/localhost:{port}"\ncertificates = "{folder}"\n',
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
