"""What a sink provides: a connection that events and states are sent over."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from common.messaging.event import Event
from common.sinks.state import State


class Connection(Protocol):
    """An open connection to the receiver. Both methods raise SinkError when it did not accept."""

    async def send(self, event: Event) -> None:
        """Send an event; return once the receiver has acknowledged it."""

    async def publish(self, state: State) -> None:
        """Publish the newest state; a sink without a notion of state does nothing."""


class Sink(Protocol):
    """One configured sink. `name` is unique among the sinks, and shown to people: no credentials in it."""

    name: str

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Connect; leaving the context disconnects. Raises SinkError."""
