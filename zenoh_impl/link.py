"""The link of a role to its node: one session for each process, opened when it is first used."""

import atexit
import threading
from dataclasses import dataclass
from pathlib import Path

import zenoh

from .session import open_client

_sessions: dict[Path, zenoh.Session] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Link:
    """The name of a node, and the Unix socket of its router."""

    node: str
    socket: Path

    def session(self) -> zenoh.Session:
        """Return the session of this process. It is closed at the end of the process. Raises SettingsError."""
        with _lock:
            if self.socket not in _sessions:
                session = _sessions[self.socket] = open_client(self.socket)
                atexit.register(session.close)
            return _sessions[self.socket]
