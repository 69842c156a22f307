"""The queue of size 1 in which a new frame overwrites an unread one, and the reader of several such queues."""

import time
from collections.abc import Sequence
from multiprocessing import connection

from common.frames import Frame

from .shared_frames import SharedFrames
from .ticket_queue import TicketQueue


class LatestQueue:
    """A `multiprocessing.Queue(maxsize=1)`, overwritten. It holds a ticket; the pixels are in shared memory."""

    def __init__(self, memory: SharedFrames | None = None, name: str = "") -> None:
        """`memory` is that of the camera, shared with its other queues. Raises ResourceError."""
        self.name = name
        self.overwritten_count = 0
        self.tickets = TicketQueue(name)
        self._frames = memory or SharedFrames()

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks. Raises FrameTooLargeError and QueueBrokenError."""
        ticket = self._frames.write(frame)
        overwritten = self.tickets.put(ticket)
        self._frames.hold(self.name, ticket, overwritten=overwritten)
        self.overwritten_count += overwritten

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None. Raises QueueBrokenError."""
        return QueueReader([self]).get(timeout_s)

    def is_full(self) -> bool:
        """Return whether a frame is unread."""
        return self.tickets.is_full()

    def unread_since(self) -> float:
        """Return since when (monotonic time) the queue has held an unread frame, this one or one that it overwrote."""
        return self.tickets.unread_since()

    def take(self, deadline: float) -> Frame | None:
        """Return the frame of the ticket that has arrived, without blocking, or None if there is none."""
        ticket = self.tickets.take(deadline)
        return None if ticket is None else self._frames.read(ticket)


class QueueReader:
    """Reads from the queue that has held an unread frame for the longest time, so that none of them starves."""

    def __init__(self, queues: Sequence[LatestQueue]) -> None:
        self._queues = {each.tickets.pipe: each for each in queues}

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame of a queue, waiting up to `timeout_s` seconds, or None. Raises QueueBrokenError."""
        deadline = time.monotonic() + timeout_s
        # Queue.get() blocks while it holds the reader lock, which a process killed there never releases. So wait until
        # a pipe is readable, and then take without blocking.
        while readable := connection.wait(self._queues, max(0.0, deadline - time.monotonic())):
            full = [self._queues[pipe] for pipe in readable]
            frame = min(full, key=LatestQueue.unread_since).take(deadline)
            if frame is not None:
                return frame
        return None
