"""A plain `multiprocessing.Queue` with the interface of `LatestQueue`, as a reference to measure against."""

import multiprocessing
import queue
from typing import Any

from common.frames import Frame


class PlainQueue:
    """A `multiprocessing.Queue(1)` through which whole frames pass, pickled."""

    def __init__(self) -> None:
        self._queue: Any = multiprocessing.get_context("spawn").Queue(maxsize=1)
        self._queue.cancel_join_thread()
        self.overwritten_count = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # Without this a process waits at exit until its last frame is read: see "Joining processes that use queues" in
        # the programming guidelines of the multiprocessing documentation.
        self._queue.cancel_join_thread()

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one.

        Raises queue.Full while the feeder thread still writes the frame before.
        """
        try:
            self._queue.get_nowait()
            self.overwritten_count += 1
        except queue.Empty:
            pass
        self._queue.put_nowait(frame)

    def is_full(self) -> bool:
        """Return whether a frame is unread."""
        return self._queue.full() is True

    def get(self, timeout_s: float) -> Frame | None:
        """Return the frame in the queue, waiting up to `timeout_s` seconds for one, or None."""
        try:
            frame: Frame = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        return frame
