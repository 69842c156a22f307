"""The queue of size 1 in which a new frame overwrites an unread one."""

import queue
import time
from multiprocessing import connection, get_context, reduction
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

    def __init__(self) -> None:
        """Raises ResourceError."""
        prepare_to_spawn()  # semaphores start the resource tracker
        try:
            self._queue: Any = get_context("spawn").Queue(maxsize=1)
        except OSError as error:
            space = free_space_for_semaphores(3)
            raise ResourceError(f"the latest queue cannot be made: {error.strerror}{space}") from error
        semaphores = [getattr(self._queue, name) for name in ("_rlock", "_wlock", "_sem")]
        track_semaphores(self, {semaphore._semlock.name for semaphore in semaphores})
        self._frames = SharedFrames()
        self.overwritten_count = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frames": reduction.DupFd(self._frames.fd)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._frames = SharedFrames(state["_frames"].detach())
        self._queue.cancel_join_thread()  # at its end a process need not wait until the last ticket is read

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks. Raises FrameTooLargeError and QueueBrokenError."""
        ticket = self._frames.write(frame)
        deadline = time.monotonic() + BROKEN_S
        while True:
            try:
                self._queue.put_nowait(ticket)
                return
            except queue.Full:
                pass
            # Without asking empty(), which is True until a feeder thread has written what put_nowait() accepted
            # (documentation of multiprocessing, "Pipes and Queues").
            try:
                self._queue.get_nowait()
                self.overwritten_count += 1
            except queue.Empty:
                _pause(deadline)  # the consumer was faster, or the feeder thread has yet to write

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None. Raises QueueBrokenError."""
        deadline = time.monotonic() + timeout_s
        # Queue.get() blocks while it holds the reader lock, which a process killed there never releases. So wait until
        # the pipe inside the queue is readable, and then take without blocking.
        while connection.wait([self._queue._reader], max(0.0, deadline - time.monotonic())):
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                _pause(deadline + BROKEN_S)  # the producer is overwriting it
                continue
            frame = self._frames.read(ticket)
            if frame is not None:  # None: its slot was overwritten, and a newer ticket is on its way
                return frame
        return None


def _pause(deadline: float) -> None:
    """Let the other side finish. Raises QueueBrokenError after `deadline`: it was killed while it held a lock."""
    if time.monotonic() > deadline:
        raise QueueBrokenError("a process died inside the latest queue")
    time.sleep(PAUSE_S)
