"""The protocols of the transport, which carries frames and messages between the roles and the server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from common.messaging.base import Message
from common.messaging.info import NodeInfo
from common.messaging.messages import Change, FrameHeader, ServerMessage

Handle: TypeAlias = Callable[[ServerMessage], None]
"""Takes a message of the server."""


class Publisher(Protocol):
    """Sends the frames and messages of a role to the server, from a thread of its own, so that it never blocks."""

    @property
    def connected(self) -> bool:
        """Whether a server is connected. Without one, only messages that last are kept."""

    @property
    def dropped_count(self) -> int:
        """Messages and frames that were replaced before they were sent."""

    @property
    def lost_event_count(self) -> int:
        """Events that were lost because too many waited."""

    def __enter__(self) -> Self:
        """Start the thread."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread."""

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """Put a frame to be sent in place of an unsent one."""

    def send(self, message: Message) -> None:
        """Put a message to be sent in place of an unsent one of its kind, an Event behind the unsent ones."""


class Ingest(Protocol):
    """The way of one role to the server and back. It can be sent to the process of the role."""

    def publisher(self, handle: Handle = ...) -> Publisher:
        """Return a publisher; `handle` is called on its thread with each message of the server."""

    def messages(self) -> AsyncIterator[str]:
        """Yield the text messages that viewers get, and after a reconnect the present state again."""


class Hub(Protocol):
    """The part of the server that takes what roles send, and whose messages they get. Used on its event loop only."""

    cameras: tuple[str, ...]
    """The names of all cameras."""
    nodes: Callable[[], dict[str, NodeInfo]]
    """Returns the nodes, by name; set by a receiver that knows them."""

    def handle_frame(self, packed: bytes) -> None:
        """Forward a frame message. Raises MessageError."""

    def handle_message(self, text: str) -> None:
        """Keep or forward a text message. Raises MessageError."""

    def count_drops(self, cause: str, count: int, camera: str) -> None:
        """Count frames of a camera that were sent and did not reach the server, or not in time."""

    def change(self, change: Change) -> None:
        """Keep a change from a viewer of any server, and send it to roles and viewers. Raises SettingsError."""

    def add_role(self, send: Handle) -> None:
        """Send a role that has connected the present state and every change to come."""

    def remove_role(self, send: Handle) -> None:
        """Send this role nothing more."""

    def add_subscriber(self, subscriber: Any) -> None:
        """Send a subscriber the present state, and every message to come."""

    def remove_subscriber(self, subscriber: Any) -> None:
        """Send this subscriber nothing more."""


class Receiver(Protocol):
    """The server's end of the way. It can be sent to the process of the server."""

    def open(self, hub: Any) -> AbstractAsyncContextManager[None]:
        """Pass to `hub` what roles send, and to roles what it sends, until the context is left."""


class Transport(Protocol):
    """The way of messages between all roles and the server; opened by the parent for as long as the app runs."""

    @property
    def receiver(self) -> Receiver:
        """The server's end."""

    def __enter__(self) -> Self:
        """Open what outlives a run of a role. Raises UserError."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""

    def ingest(self, role: str) -> Ingest:
        """Return the way of the role with this name."""
