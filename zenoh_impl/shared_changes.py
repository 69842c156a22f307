"""What viewers of any server change, shared by all servers: of each kind the newest change is in force."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from common.errors import MessageError
from common.messaging.base import Message, Name
from common.messaging.messages import Change, ServerMessage, ViewerCount, kind_to_role
from common.text import printable_line


class SharedChange(Message):
    """A change and its place in the order of all: that of its revision, and of the same revision that of its server."""

    revision: Annotated[int, Field(ge=0, lt=2**53)]
    server: Name
    change: Annotated[Change, Field(discriminator="type")]

    @property
    def place(self) -> tuple[int, str]:
        """What the order compares."""
        return self.revision, self.server


_shared = TypeAdapter(SharedChange)


def parse_shared(text: str) -> SharedChange:
    """Return the change in a message. Raises MessageError."""
    try:
        return _shared.validate_json(text, strict=True)
    except ValidationError as error:
        raise MessageError(printable_line(str(error), 300)) from error


class SharedChanges:
    """A Lamport clock orders the changes: of two made at once on two servers, all servers keep the same one.

    Used on one thread only, by a server on the event loop of its hub.
    """

    def __init__(self, server: str, apply: Callable[[Change], None], send: Callable[[str, str], None]) -> None:
        """`apply` takes a change of another server, `send` the kind and the text of a message to all others."""
        self._server = server
        self._apply = apply
        self._send = send
        self._newest: dict[str, SharedChange] = {}

    def handle(self, message: ServerMessage) -> None:
        """Share a change by a viewer of this server. Called with each message to roles."""
        if isinstance(message, ViewerCount):
            return
        known = self._newest.get(kind_to_role(message))
        if known is None or known.change != message:  # the same: it came from another server
            revision = max((each.revision for each in self._newest.values()), default=0) + 1
            self._share(SharedChange(revision=revision, server=self._server, change=message))

    def share_all(self) -> None:
        """Send all changes, for a server that has started, and for nodes that keep them."""
        for each in self._in_order():
            self._share(each)

    def receive(self, shared: SharedChange) -> None:
        """Apply a change of another server unless a newer one of its kind is known."""
        known = self._newest.get(kind_to_role(shared.change))
        if known is not None and known.place >= shared.place:
            return
        self._keep(shared)
        for each in self._in_order():  # newer ones of other kinds again: a model for all replaces that of each
            if each.place >= shared.place:
                self._apply(each.change)

    def _share(self, shared: SharedChange) -> None:
        self._keep(shared)
        self._send(kind_to_role(shared.change), shared.model_dump_json(exclude_none=True))

    def _keep(self, shared: SharedChange) -> None:
        self._newest[kind_to_role(shared.change)] = shared

    def _in_order(self) -> list[SharedChange]:
        return sorted(self._newest.values(), key=lambda shared: shared.place)
