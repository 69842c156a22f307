"""The size-1 queue whose newest frame overwrites the one before."""

import mmap
import os
import queue
import shutil
import signal
import time
from multiprocessing import connection, get_context, reduction, resource_tracker
from typing import Any

from common.errors import QueueBrokenError, ResourceError
from common.frames import Frame
from multiprocessing_impl.shared_frames import SharedFrames

SHM = "/dev/shm"  # noqa: S108 - only asked how full it is


class LatestQueue:
    """A `multiprocessing.Queue(maxsize=1)`, overwritten; what it carries is a ticket, the pixels lie in shared memory.

    A frame itself would cost the producer 5 ms at 720p, and a writer that dies half way would hang the reader.
    A ticket is smaller than PIPE_BUF, so the pipe takes it whole or not at all.
    """

    def __init__(self) -> None:
        """Raises ResourceError."""
        _start_tracker()
        try:
            self._queue: Any = get_context("spawn").Queue(maxsize=1)
        except OSError as error:
            raise ResourceError(f"the latest queue cannot be made: {error.strerror}{_room()}") from error
        self._frames = SharedFrames()
        self.overwritten_count = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frames": reduction.DupFd(self._frames.fd)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._frames = SharedFrames(state["_frames"].detach())
        self._queue.cancel_join_thread()  # no process waits, at its end, for a ticket that nobody will read

    def put(self, frame: Frame) -> None:
        """Leave `frame` as the newest, in place of one that nobody took."""
        ticket = self._frames.write(frame)
        started = time.monotonic()
        while True:
            try:
                self._queue.put_nowait(ticket)
                return
            except queue.Full:
                try:
                    self._queue.get_nowait()
                    self.overwritten_count += 1
                except queue.Empty:
                    _yield(started)  # the consumer was quicker, or our own feeder thread has yet to write

    def get(self, timeout_s: float) -> Frame | None:
        """Take the newest frame, waiting up to `timeout_s` seconds for one; None when none came."""
        deadline = time.monotonic() + timeout_s
        # Queue.get() would wait with the reader's lock in its hands; killed there, it would never give it back.
        # So wait for the pipe inside (no public name, but the same one since Python 2.6), then take without waiting.
        while connection.wait([self._queue._reader], max(0.0, deadline - time.monotonic())):
            try:
                frame = self._frames.read(self._queue.get_nowait())
            except queue.Empty:
                _yield(deadline)  # readable, yet nothing to take: the producer is overwriting it
                continue
            if frame is not None:
                return frame
        return None


def _start_tracker() -> None:
    """Start the process that removes what the locks of this one leave behind, deaf to a terminal that hangs up.

    It ignores the other signals that a terminal sends to all, but would die of this one before its work was done.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _room() -> str:
    """What is left where Linux keeps locks: they take a page each, and a queue has three."""
    if not os.path.isdir(SHM):
        return ""
    return f"; {SHM} has {shutil.disk_usage(SHM).free:,} bytes free of {3 * mmap.PAGESIZE:,} that are needed"


def _yield(since: float) -> None:
    """Let the other side finish. Raises QueueBrokenError when it did not: it died with a lock in its hands."""
    if time.monotonic() - since > 0.5:  # seconds; alive, it is inside for microseconds, or tens of ms under load
        raise QueueBrokenError("a process died inside the latest queue")
    time.sleep(0.0002)
