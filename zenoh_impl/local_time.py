"""The times of capture in what arrives from another node, by the clock of this one."""

from common.messaging.event import Event
from common.messaging.messages import Detections, FrameHeader, IngestMessage

from .link import Link


def local_header(link: Link, header: FrameHeader) -> FrameHeader | None:
    """Return the header of a frame of a camera of any node, or None if the clock there is not known yet."""
    captured_at = link.local_time(link.node_of(header.camera), header.captured_at)
    return None if captured_at is None else header.model_copy(update={"captured_at": captured_at})


def local_message(link: Link, node: str, message: IngestMessage) -> IngestMessage | None:
    """Return a message of a node, or None if it is not to be passed on: the clock there is not known yet.

    An event, which must not be lost, then keeps its time.
    """
    if not isinstance(message, Detections | Event):
        return message
    captured_at = link.local_time(node, message.captured_at)
    if captured_at is None:
        return message if isinstance(message, Event) else None
    return message.model_copy(update={"captured_at": captured_at})
