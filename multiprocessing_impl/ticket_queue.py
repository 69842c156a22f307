"""A queue of size 1 between two processes, in which a new ticket overwrites an unread one; either may be killed."""

import errno
import pickle
import queue
import select
import time
from multiprocessing import get_context
from typing import Any

from common.errors import QueueBrokenError, ResourceError

from .os_support import free_space_for_semaphores, prepare_to_spawn, track_semaphores
from .shared_frames import Ticket

BROKEN_S = 0.5  # the other side is inside the queue for microseconds, on a busy machine for some 10 ms
PAUSE_S = 0.0002


class TicketQueue:
    """A `multiprocessing.Queue(maxsize=1)`. A ticket is smaller than PIPE_BUF: its write is atomic (POSIX, write()).

    A frame pickled through its pipe would cost the producer 5 ms at 720p, and the consumer of a producer killed during
    the write would hang.
    """

    def __init__(self, name: str) -> None:
        """`name` is that in a QueueBrokenError. Raises ResourceError."""
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
        self._name = name

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._queue.cancel_join_thread()  # at its end a process need not wait until the last ticket is read

    @property
    def pipe(self) -> Any:
        """The end of the pipe that is readable when a ticket has arrived."""
        return self._queue._reader

    def put(self, ticket: Ticket) -> bool:
        """Put `ticket`, and return whether it has overwritten an unread one. Never blocks. Raises QueueBrokenError."""
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
        if not overwritten:
            self._unread_since.value = time.monotonic()
        return overwritten

    def is_full(self) -> bool:
        """Return whether a ticket is unread. Reliable, as it reads a semaphore and not the pipe."""
        return bool(self._queue.full())

    def unread_since(self) -> float:
        """Return since when (monotonic time) the queue has held an unread ticket, this or one that it overwrote."""
        return float(self._unread_since.value)

    def take(self, deadline: float) -> Ticket | None:
        """Return the ticket that has arrived, without blocking, or None if there is none. Raises QueueBrokenError."""
        pickled = self._receive()
        if pickled is None:
            self._pause(deadline + BROKEN_S)  # the producer is overwriting it
            return None
        ticket: Ticket = pickle.loads(pickled)  # noqa: S301 - from the process of the producer
        return ticket

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
            raise QueueBrokenError(self._name)
        time.sleep(PAUSE_S)
