"""A ring in shared memory with a sequence number: the producer writes, and consumers poll for the newest frame."""

import mmap
import struct
import time
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import reduction
from typing import Any, Self

from common.frames import Frame
from multiprocessing_impl.os_support import anonymous_file
from multiprocessing_impl.shared_frames import SharedFrames, Ticket

HELD_FOR = 2  # queues, each of which holds the slots of two frames: a ring of five, whatever the number of consumers
POLL_S = 0.001  # shared memory does not notify a consumer
_SEQUENCE = struct.Struct("Q")  # odd while the entry is written (a sequence lock)
_ENTRY = struct.Struct("qqqdqqq")  # slot, generation, frame_id, captured_at, height, width, channels


class SharedRing:
    """Slots in shared memory, and one entry that describes the newest frame. Producer and endpoint are one class."""

    def __init__(self, consumers: int = 0, *, memory: SharedFrames | None = None, fd: int | None = None) -> None:
        self._memory = memory or SharedFrames(HELD_FOR)
        self._fd = anonymous_file(mmap.PAGESIZE) if fd is None else fd
        self._entry = mmap.mmap(self._fd, mmap.PAGESIZE)
        self._sequence = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _attach, (self._memory, reduction.DupFd(self._fd))

    def endpoint(self, index: int) -> Self:
        """Return the ring itself: it has no state for a consumer."""
        return self

    def put(self, frame: Frame) -> None:
        """Copy `frame` into the next slot, even if a consumer reads that slot, and make it the newest."""
        ticket = self._memory.write(frame)
        self._sequence += 2
        self._memory.hold(f"{self._sequence // 2 % HELD_FOR}", ticket, overwritten=False)
        _SEQUENCE.pack_into(self._entry, 0, self._sequence - 1)
        values = (ticket.slot, ticket.generation, ticket.frame_id, ticket.captured_at, *ticket.shape)
        _ENTRY.pack_into(self._entry, _SEQUENCE.size, *values)
        _SEQUENCE.pack_into(self._entry, 0, self._sequence)

    def close(self) -> None:
        """Do nothing: the memory is released with the last process that maps it."""

    def open(self) -> AbstractContextManager[Self]:
        """Return the ring."""
        return nullcontext(self)

    def get(self, timeout_s: float) -> Frame | None:
        """Return a copy of the newest frame if it was not returned before, polling for up to `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while True:
            (sequence,) = _SEQUENCE.unpack_from(self._entry, 0)
            if sequence != self._sequence and sequence % 2 == 0:
                slot, generation, frame_id, captured_at, *shape = _ENTRY.unpack_from(self._entry, _SEQUENCE.size)
                if _SEQUENCE.unpack_from(self._entry, 0) == (sequence,):
                    ticket = Ticket(slot, generation, "main", frame_id, captured_at, tuple(shape))
                    frame = self._memory.read(ticket)  # None if the slot was overwritten meanwhile
                    if frame is not None:
                        self._sequence = sequence
                        return frame
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_S)


def _attach(memory: SharedFrames, fd: Any) -> SharedRing:
    return SharedRing(memory=memory, fd=fd.detach())
