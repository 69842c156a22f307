"""The messages of the server to roles and to other nodes, sent from a thread of its own."""

import zenoh

from .send_thread import SendThread

MAX_WAITING = 1000  # messages, while the network accepts none; further ones are dropped
CLOSE_S = 1.0


class Outgoing:
    """The messages that wait to be sent: for each key the newest of each kind."""

    def __init__(self, session: zenoh.Session, server: str) -> None:
        """`server` is the name of the node, which each message has as attachment."""
        self._session = session
        self._server = server
        self._waiting: dict[tuple[str, str], str] = {}
        self._thread = SendThread("receiver", self._send)

    def start(self) -> None:
        """Start the thread. Called once."""
        self._thread.start()

    def close(self) -> None:
        """Send what waits, and end the thread."""
        self._thread.close(CLOSE_S)

    def put(self, key: str, kind: str, text: str) -> None:
        """Put a message in place of an unsent one of its kind. Never blocks."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting[key, kind] = text
        self._thread.wake()

    def _send(self) -> None:
        while self._waiting:
            key, kind = next(iter(self._waiting))
            text = self._waiting.pop((key, kind))
            self._session.put(key, text, congestion_control=zenoh.CongestionControl.BLOCK, attachment=self._server)
