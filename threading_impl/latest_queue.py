"""The size-1 queue whose newest frame overwrites the one before."""

import queue

from common.frames import Frame


class LatestQueue:
    """A `queue.Queue(maxsize=1)`, overwritten; what it carries is a reference to the frame."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Frame] = queue.Queue(maxsize=1)
        self.overwritten_count = 0

    def put(self, frame: Frame) -> None:
        """Leave `frame` as the newest, in place of one that nobody took."""
        while True:
            try:
                self._queue.put_nowait(frame)
                return
            except queue.Full:
                try:
                    self._queue.get_nowait()
                    self.overwritten_count += 1
                except queue.Empty:
                    pass  # the consumer was quicker

    def get(self, timeout_s: float) -> Frame | None:
        """Take the newest frame, waiting up to `timeout_s` seconds for one; None when none came."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
