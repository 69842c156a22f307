"""A frame on its way through the server."""

from common.messaging.messages import FrameHeader, unpack_frame


class EncodedFrame:
    """A frame message as it was received, parsed once and forwarded as the same bytes to every subscriber.

    Raises MessageError when `packed` is not a valid frame message.
    """

    __slots__ = ("header", "jpeg", "packed")

    def __init__(self, packed: bytes) -> None:
        self.packed = packed
        self.header: FrameHeader
        self.jpeg: bytes
        self.header, self.jpeg = unpack_frame(packed)
