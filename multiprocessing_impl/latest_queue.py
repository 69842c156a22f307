"""The queue of size 1 in which a new frame overwrites an unread one, and the reader of several such queues."""

import errno
import pickle
import queue
import select
import time
from collections.abc import Sequence
from multiprocessing import connection, get_context
from typing import Any

from common.errors import QueueBrokenError, ResourceError
from common.frames import Frame

from .os_support import free_space_for_semaphores, prepare_to_spawn, track_semaphores
from .shared_frames import SharedFrames

BROKEN_S = 0.5  # the other side is inside the queue for microseconds, on a busy machine for some 10 ms
PAUSE_S = 0.0002


class LatestQueue:
    """A `multiprocessing.Queue(maxsize=1)`, overwritten. It holds a ticket; the pixels are in a slot of shared memory.

    A frame pickled through the pipe of the queue would cost the producer 5 ms at 720p, and the consumer of a producer
    killed during the write would hang. A ticket is smaller than PIPE_BUF: its write is atomic (POSIX, write()).
    """

    def __init__(self, memory: SharedFrames | None = None, name: str = "") -> None:
        """`memory` is that of the camera, shared with its other queues; `name` is unique among them.

        Raises ResourceError.
        """
        context = get_context("spawn")
        try:
            prepare_to_spawn()  # semaphores start the resource tracker
            self._queue: Any = context.Queue(maxsize=1)
            self._unread_since: Any = context.RawValue("d")  # without a lock, which a killed process would not release
        except OSError as error:
            space = free_space_for_semaphores(3) if error.errno == errno.ENOSPC else ""
            raise ResourceError(f"the latest queue cannot be made: {error.strerror or error}{space}") from error
        semaphores = [getattr(self._queue, name) for name in ("_rlock", "_wlock", "_sem")]
        track_semaphores(self, {semaphore._semlock.name for semaphore in semaphores})
        self._frames = memory or SharedFrames()
        self.name = name
        self.overwritten_count = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._queue.cancel_join_thread()  # at its end a process need not wait until the last ticket is read

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks. Raises FrameTooLargeError and QueueBrokenError."""
        ticket = self._frames.write(frame)
        deadline, overwritten = time.monotonic() + BROKEN_S, False
        while True:
            try:
                self._queue.put_nowait(ticket)
                break
            except queue.Full:
                pass
            # Without asking empty(), which is True until a feeder thread has written what put_nowait() accepted
            # (documentation of multiprocessing, "Pipes and Queues").
            if self._receive() is None:
                self._pause(deadline)  # the consumer was faster, or the feeder thread has yet to write
            else:
                overwritten = True
        self._frames.hold(self.name, ticket, overwritten=overwritten)
        if overwritten:
            self.overwritten_count += 1
        else:
            self._unread_since.value = time.monotonic()

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None. Raises QueueBrokenError."""
        return QueueReader([self]).get(timeout_s)

    def is_full(self) -> bool:
        """Return whether a frame is unread. Reliable, as it reads a semaphore and not the pipe."""
        return bool(self._queue.full())

    def unread_since(self) -> float:
        """Return since when (monotonic time) the queue has held an unread frame, this one or one that it overwrote."""
        return float(self._unread_since.value)

    def take(self, deadline: float) -> Frame | None:
        """Return the frame of the ticket that has arrived, without blocking, or None if there is none."""
        pickled = self._receive()
        if pickled is None:
            self._pause(deadline + BROKEN_S)  # the producer is overwriting it
            return None
        return self._frames.read(pickle.loads(pickled))  # noqa: S301 - from the process of the producer

    def _receive(self) -> bytes | None:
        """Return the pickled ticket, or None if the pipe is empty or the other side holds the lock of the readers.

        As Queue.get_nowait(), which takes twice as long, since it makes a selector to look whether the pipe is empty.
        """
        if not self._queue._rlock.acquire(block=False):
            return None
        try:
            pipe = select.poll()
            pipe.register(self._queue._reader, select.POLLIN)
            if not pipe.poll(0):
                return None
            pickled: bytes = self._queue._reader.recv_bytes()
            self._queue._sem.release()
        finally:
            self._queue._rlock.release()
        return pickled

    def _pause(self, deadline: float) -> None:
        """Let the other side finish. Raises QueueBrokenError after `deadline`: it was killed while it held a lock."""
        if time.monotonic() > deadline:
            raise QueueBrokenError(self.name)
        time.sleep(PAUSE_S)


class QueueReader:
    """Reads from the queue that has held an unread frame for the longest time, so that none of them starves."""

    def __init__(self, queues: Sequence[LatestQueue]) -> None:
        self._queues = {each._queue._reader: each for each in queues}

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame of a queue, waiting up to `timeout_s` seconds for one, or None.

        Raises QueueBrokenError.
        """
        deadline = time.monotonic() + timeout_s
        # Queue.get() blocks while it holds the reader lock, which a process killed there never releases. So wait until
        # a pipe is readable, and then take without blocking.
        while readable := connection.wait(self._queues, max(0.0, deadline - time.monotonic())):
            full = [self._queues[pipe] for pipe in readable]
            frame = min(full, key=LatestQueue.unread_since).take(deadline)
            if frame is not None:
                return frame
        return None
