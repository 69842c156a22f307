"""A queue for each consumer: the queues of this project over one shared memory, or plain pickling queues."""

import contextlib
import queue
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from benchmark.measure.plain_queue import PlainQueue
from common.frames import Frame
from common.interfaces import FrameReader
from multiprocessing_impl.latest_queue import LatestQueue
from multiprocessing_impl.shared_frames import SharedFrames


@dataclass(frozen=True)
class QueueEndpoint:
    """The consumer's side of a queue."""

    frames: FrameReader

    def open(self) -> AbstractContextManager[FrameReader]:
        """Return the queue."""
        return nullcontext(self.frames)


class LatestQueues:
    """A `LatestQueue` for each consumer; the pixels are copied into shared memory once."""

    def __init__(self, consumers: int) -> None:
        memory = SharedFrames(consumers)
        self._queues = [LatestQueue(memory, f"consumer {index}") for index in range(consumers)]

    def endpoint(self, index: int) -> QueueEndpoint:
        """Return the place of consumer number `index`."""
        return QueueEndpoint(self._queues[index])

    def put(self, frame: Frame) -> None:
        """Put `frame` into each queue, in place of an unread one."""
        for each in self._queues:
            each.put(frame)

    def close(self) -> None:
        """Do nothing: the memory is released with the last process that maps it."""


class PlainQueues:
    """A `multiprocessing.Queue(1)` for each consumer; each pickles the frame."""

    def __init__(self, consumers: int) -> None:
        self._queues = [PlainQueue() for _ in range(consumers)]

    def endpoint(self, index: int) -> QueueEndpoint:
        """Return the place of consumer number `index`."""
        return QueueEndpoint(self._queues[index])

    def put(self, frame: Frame) -> None:
        """Put `frame` into each queue that accepts it."""
        for each in self._queues:
            with contextlib.suppress(queue.Full):
                each.put(frame)

    def close(self) -> None:
        """Do nothing: the pipes are closed with the last process that holds them."""
