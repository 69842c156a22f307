"""The queue of size 1 in which a new frame overwrites an unread one, and the reader of several such queues."""

import queue
import threading
import time
from collections.abc import Sequence

from common.frames import Frame

from .frame_memory import FrameMemory


class LatestQueue:
    """A `queue.Queue(maxsize=1)`, overwritten. It holds a reference to the frame."""

    def __init__(self, memory: FrameMemory | None = None, name: str = "") -> None:
        """`memory` is that of the camera and not needed here; `name` is unique among its queues."""
        self._queue: queue.Queue[Frame] = queue.Queue(maxsize=1)
        self._unread_since = 0.0
        self.arrival = threading.Event()
        self.name = name
        self.overwritten_count = 0

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks."""
        overwritten = False
        while True:
            try:
                self._queue.put_nowait(frame)
                break
            except queue.Full:
                pass
            try:
                self._queue.get_nowait()
                overwritten = True
            except queue.Empty:
                pass  # the consumer was faster
        if overwritten:
            self.overwritten_count += 1
        else:
            self._unread_since = time.monotonic()
        self.arrival.set()

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None."""
        return QueueReader([self]).get(timeout_s)

    def is_full(self) -> bool:
        """Return whether a frame is unread."""
        return self._queue.full()

    def unread_since(self) -> float:
        """Return since when (monotonic time) the queue has held an unread frame, this one or one that it overwrote."""
        return self._unread_since

    def take(self) -> Frame | None:
        """Return the frame that has arrived, without blocking, or None if there is none."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            return None


class QueueReader:
    """Reads from the queue that has held an unread frame for the longest time, so that none of them starves."""

    def __init__(self, queues: Sequence[LatestQueue]) -> None:
        self._queues = queues

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame of a queue, waiting up to `timeout_s` seconds for one, or None."""
        deadline = time.monotonic() + timeout_s
        arrival = threading.Event()
        for each in self._queues:
            each.arrival = arrival
        while True:
            arrival.clear()  # before the queues are checked: a later arrival sets it again
            full = [each for each in self._queues if each.is_full()]
            if full:
                frame = min(full, key=LatestQueue.unread_since).take()
                if frame is not None:
                    return frame
            elif not arrival.wait(max(0.0, deadline - time.monotonic())):
                return None
