"""The link of a role to its node: one session for each process, opened when it is first used, and the clocks."""

import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zenoh

from .clocks import Clocks
from .session import open_client

_sessions: dict[Path, zenoh.Session] = {}
_clocks: dict[Path, Clocks] = {}
_lock = threading.RLock()


@dataclass(frozen=True)
class Link:
    """The name of a node, the Unix socket of its router, and the nodes of all cameras."""

    node: str
    socket: Path
    cameras: Mapping[str, str] = field(default_factory=dict)

    def session(self) -> zenoh.Session:
        """Return the session of this process. It is closed at the end of the process. Raises SettingsError."""
        with _lock:
            if self.socket not in _sessions:
                session = _sessions[self.socket] = open_client(self.socket)
                atexit.register(session.close)
            return _sessions[self.socket]

    def clocks(self) -> Clocks:
        """Return the clocks of other nodes, as this process knows them. Raises SettingsError."""
        with _lock:
            if self.socket not in _clocks:
                clocks = _clocks[self.socket] = Clocks(self.session())
                clocks.start()
                atexit.register(clocks.close)  # is called before that of the session
            return _clocks[self.socket]

    def local_time(self, node: str, at: float) -> float | None:
        """Return the time here (Unix time) at time `at` of a node, or None if its clock is not known yet."""
        return at if node == self.node else self.clocks().local_time(node, at)

    def node_of(self, camera: str) -> str:
        """Return the node of a camera; one that the settings do not name is of this node."""
        return self.cameras.get(camera, self.node)
