"""The times of capture in what arrives from another node, by the clock of this one."""

import time

from common.errors import FrameDroppedError
from common.messaging.event import Event
from common.messaging.messages import Detections, FrameHeader, IngestMessage
from common.pacing import Clock

from .link import Link

MAX_AGE_S = 3.0  # a link that delays a frame for longer is closed (connections.py), or the machine was suspended


def local_header(link: Link, header: FrameHeader, clock: Clock = time.time) -> FrameHeader:
    """Return the header of a frame of a camera of any node.

    Raises FrameDroppedError for a frame that waited on its way while the link was cut, or while a clock was set, and
    for one of a node whose clock is not known yet.
    """
    node = link.node_of(header.camera)
    if node == link.node:
        return header
    captured_at = link.local_time(node, header.captured_at)
    if captured_at is None:
        raise FrameDroppedError("clock unknown", header.camera)
    if abs(clock() - captured_at) > MAX_AGE_S:
        raise FrameDroppedError("too old", header.camera)
    return header.model_copy(update={"captured_at": captured_at})


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
