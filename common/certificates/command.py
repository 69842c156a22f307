"""`python main.py certificates`: a private authority, and a certificate for each node."""

import argparse
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from common.certificates import AUTHORITY
from common.config.command_line import Parser
from common.errors import SettingsError

if TYPE_CHECKING:
    from common.certificates.authority import Authority

NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
DAYS = 3650
EPILOG = """\
example:
  python main.py certificates hub=hub.local,192.168.1.20 gate-box gpu-box

A node to which others connect needs the host names and addresses that they use, after the "=".
Copy ca.pem, NODE.pem and NODE.key to each node. ca.key signs certificates of further nodes: keep it off the nodes.
The same command with the same folder adds a node, or renews its certificate.
"""


@dataclass(frozen=True)
class Node:
    """A node as it is named on the command line: NODE or NODE=HOST,HOST."""

    name: str
    hosts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises SettingsError."""
        name, equals, hosts = text.partition("=")
        if not NODE.fullmatch(name) or name == AUTHORITY:
            raise SettingsError(
                f"node {name!r} must have 1 to 40 letters, digits, dots, hyphens and underscores, begin with a letter "
                f"or a digit, and differ from {AUTHORITY!r}"
            )
        node = cls(name, tuple(hosts.split(",")) if equals else ())
        for host in node.hosts:
            if not _is_host(host):
                raise SettingsError(f"host {host!r} of node {name!r} is neither a host name nor an address")
        return node


def main(argv: Sequence[str]) -> int:
    """Run the command and return the exit code. Raises SettingsError."""
    arguments = _parser().parse_args(argv)
    nodes = [Node.parse(text) for text in arguments.nodes]
    create(arguments.folder, nodes, arguments.days)
    for node in nodes:
        print(f"{arguments.folder / node.name}.pem  {arguments.folder / node.name}.key")
    return 0


def create(folder: Path, nodes: Iterable[Node], days: int = DAYS) -> None:
    """Write the certificates of the nodes, signed by the authority of the folder. Raises SettingsError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority = _authority(folder)
        for node in nodes:
            authority.issue(folder, node.name, node.hosts, days)
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from error


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return HOST_NAME.fullmatch(text) is not None
    return True


def _authority(folder: Path) -> "Authority":
    """Return the authority of the folder, a new one in an empty folder. Raises SettingsError and OSError."""
    from common.certificates.authority import Authority

    certificate, key = folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key"
    if certificate.exists() and not key.exists():
        raise SettingsError(f"{key} is missing: certificates of {certificate} are signed where that file is kept")
    return Authority.load(folder) if key.exists() else Authority.create(folder)


def _parser() -> Parser:
    parser = Parser(
        prog="main.py certificates",
        usage="python main.py certificates NODE[=HOST,…] … [options]",
        description="Create a private authority (once) and a certificate for each node.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("nodes", nargs="+", metavar="NODE[=HOST,…]", help="name of a node, and its hosts")
    parser.add_argument("--folder", type=Path, default=Path("certificates"), help="folder of the files [certificates]")
    parser.add_argument(
        "--days", type=_days, metavar="DAYS", default=DAYS, help=f"validity (1 to {DAYS} days) [{DAYS}]"
    )
    return parser


def _days(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number between 1 and {DAYS}")
    return int(text)
