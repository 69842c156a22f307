"""The part of a publisher that is the same however its messages are sent."""

from collections.abc import Callable

from common.messaging.base import Message
from common.messaging.messages import FrameHeader
from common.messaging.outbox import Outbox


class BufferedPublisher:
    """Puts the frames and messages of a role into an outbox, from which a thread of the subclass sends them."""

    def __init__(self, wake: Callable[[], object]) -> None:
        """`wake` is called when there is something to send."""
        self._outbox = Outbox(wake)

    @property
    def connected(self) -> bool:
        """Whether a server is connected."""
        return self._outbox.connected

    @property
    def dropped_count(self) -> int:
        """Messages and frames that were replaced before they were sent."""
        return self._outbox.dropped_count

    @property
    def lost_event_count(self) -> int:
        """Events that were lost because too many waited."""
        return self._outbox.lost_event_count

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """Put a frame to be sent; it is dropped while no server is connected."""
        self._outbox.put_frame(header, jpeg)

    def send(self, message: Message) -> None:
        """Put a message to be sent. Without a connection it is kept if it lasts, or is an Event or a report."""
        self._outbox.put(message)
