"""The queue of size 1 in which a new frame overwrites an unread one, and the reader of several such queues."""

import math
import threading
import time
from collections.abc import Sequence
from uuid import uuid4

from common.frames import Frame

from .frame_receiver import FrameReceiver
from .frame_sender import FrameSender
from .jpeg_frames import JpegFrames
from .link import Link


class LatestQueue:
    """A publisher that drops, and a subscriber that keeps the newest frame. A frame is sent as JPEG."""

    def __init__(self, link: Link, memory: JpegFrames | None = None, name: str = "") -> None:
        """`memory` is that of the camera, shared with its other queues; `name` is unique among all queues."""
        self.name = name or uuid4().hex
        self.overwritten_count = 0
        self.receiver = FrameReceiver(link, self.name)
        self._sender = FrameSender(link, memory or JpegFrames(), self.name)

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks. Raises FrameTooLargeError."""
        self.overwritten_count += self._sender.put(frame)

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None. Raises FrameDroppedError."""
        return QueueReader([self]).get(timeout_s)

    def is_full(self) -> bool:
        """Return whether a frame is unread."""
        return self._sender.is_full()

    def unread_since(self) -> float:
        """Return since when (monotonic time) the queue has held an unread frame, this one or one that it overwrote."""
        return self.receiver.unread_since()

    def take(self) -> Frame | None:
        """Return the frame that has arrived, without blocking, or None if there is none. Raises FrameDroppedError."""
        frame = self.receiver.take()
        if frame is not None:
            self._sender.mark_taken(frame.frame_id)  # at once for a producer in the same process
        return frame


class QueueReader:
    """Reads from the queue that has held an unread frame for the longest time, so that none of them starves."""

    def __init__(self, queues: Sequence[LatestQueue]) -> None:
        self._queues = queues

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame of a queue, waiting up to `timeout_s` seconds, or None. Raises FrameDroppedError."""
        deadline = time.monotonic() + timeout_s
        arrival = threading.Event()
        for each in self._queues:
            each.receiver.arrival = arrival
        while True:
            arrival.clear()  # before the queues are checked: a later arrival sets it again
            oldest = min(self._queues, key=LatestQueue.unread_since)
            if oldest.unread_since() < math.inf:
                if (frame := oldest.take()) is not None:
                    return frame
            elif not arrival.wait(max(0.0, deadline - time.monotonic())):
                return None
