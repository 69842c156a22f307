"""The roles of all nodes that a server knows by their liveliness tokens, as receivers of what its hub sends."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from common.messaging.messages import ServerMessage, kind_to_role
from common.transport import Handle, Hub

from . import keys

Put = Callable[[str, str, str], None]
"""Takes the key, the kind and the text of a message to be sent."""


@dataclass(frozen=True)
class ShownMessages:
    """A subscriber of the hub that passes the messages of viewers to sinks."""

    cameras: frozenset[str]
    put_text: Callable[[str, str], None]
    takes_frames: bool = False
    tile_width: int | None = None
    _event_numbers: Iterator[int] = field(default_factory=itertools.count)

    def put_event(self, text: str) -> None:
        """Pass an event, in order, as a kind of its own."""
        self.put_text(f"event {next(self._event_numbers)}", text)

    def put_frame(self, frame: object) -> None:
        """Sinks get no frames."""


class ConnectedRoles:
    """Adds roles to the hub and removes them. Used on its event loop only."""

    def __init__(self, hub: Hub, node: str, put: Put) -> None:
        """`node` is that of the server."""
        self._hub = hub
        self._put = put
        self._shown = ShownMessages(frozenset(hub.cameras), partial(put, keys.shown_by(node)))
        self._roles: dict[str, Handle] = {}  # by token
        self._unconfirmed: set[str] = set()

    def add(self, token: str) -> None:
        """Send a role that has connected the present state, and what follows."""
        self.remove(token)
        self._roles[token] = partial(self._send, keys.sent_to_owner_of(token))
        self._unconfirmed.add(token)
        self._hub.add_role(self._roles[token])
        if keys.role_of(token) == keys.SINKS:
            self._hub.add_subscriber(self._shown)

    def confirm(self, token: str) -> None:
        """Send a role the present state again when it sends its own, which it does once it knows this server.

        On a new link there is not yet a way to the role when its token arrives here, and Zenoh drops what has none.
        """
        if token in self._roles and token in self._unconfirmed:
            self._unconfirmed.remove(token)
            self._hub.add_role(self._roles[token])

    def remove(self, token: str) -> None:
        """Send a role nothing more."""
        if send := self._roles.pop(token, None):
            self._hub.remove_role(send)
            if not any(keys.role_of(each) == keys.SINKS for each in self._roles):
                self._hub.remove_subscriber(self._shown)

    def _send(self, key: str, message: ServerMessage) -> None:
        self._put(key, kind_to_role(message), message.model_dump_json(exclude_none=True))
