"""The queue of size 1 in which a new frame overwrites an unread one."""

import queue

from common.frames import Frame


class LatestQueue:
    """A `queue.Queue(maxsize=1)`, overwritten. It holds a reference to the frame."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Frame] = queue.Queue(maxsize=1)
        self.overwritten_count = 0

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks."""
        while True:
            try:
                self._queue.put_nowait(frame)
                return
            except queue.Full:
                pass
            try:
                self._queue.get_nowait()
                self.overwritten_count += 1
            except queue.Empty:
                pass  # the consumer was faster

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
