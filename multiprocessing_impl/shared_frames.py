"""The frames of one camera in memory that several processes map, with slots enough that the writer never waits."""

import math
import mmap
import os
import struct
import time
import weakref
from multiprocessing import reduction
from typing import Any, NamedTuple

import numpy as np

from common.errors import FrameTooLargeError, ResourceError
from common.frames import MAX_FRAME_BYTES, Frame, Image

from .os_support import anonymous_file

_HEADER = struct.Struct("q")  # the generation of the frame in the slot; 0 while a frame is written
_SLOT_BYTES = mmap.PAGESIZE + -(-MAX_FRAME_BYTES // mmap.PAGESIZE) * mmap.PAGESIZE


class Ticket(NamedTuple):
    """All of a frame but its pixels: some hundred bytes, and so less than PIPE_BUF."""

    slot: int
    generation: int
    camera: str
    frame_id: int
    captured_at: float
    shape: tuple[int, ...]
    dtype: str


class SharedFrames:
    """One writer, and a reader for each queue. A frame that is put into several queues is copied once.

    The consumer of a queue may hold two slots: that of the unread ticket and that of the ticket whose frame it is
    copying. The writer uses none of these; 2 × queues + 1 slots always leave it one.

    The memory has no name: the kernel frees it when its last holder ends, however it ends. Nothing stays in /dev/shm,
    the resource tracker is not involved, and the size of /dev/shm (64 MB in a container) does not apply.
    """

    def __init__(self, queues: int = 1, fd: int | None = None) -> None:
        """Create the memory for so many queues, or map that of `fd`, which this object closes at its end.

        Raises ResourceError.
        """
        self.slots = 2 * queues + 1
        size = self.slots * _SLOT_BYTES
        try:
            self.fd = anonymous_file(size) if fd is None else fd
            weakref.finalize(self, os.close, self.fd)
            self._memory = mmap.mmap(self.fd, size)
        except OSError as error:
            raise ResourceError(f"{size:,} bytes for frames cannot be mapped: {error.strerror}") from error
        # From a clock that all processes share: a writer that replaces another continues above its generations.
        self._generation = time.monotonic_ns()
        self._slot = 0  # used last
        self._written: tuple[Frame, Ticket] | None = None
        self._held: dict[str, list[Ticket]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _map_frames, ((self.slots - 1) // 2, reduction.DupFd(self.fd))

    def allocate(self, shape: tuple[int, ...]) -> Image:
        """Return an array in a free slot, for the pixels of the next frame, which write() then does not copy.

        It is valid until the next call, and until write() copies another frame. Raises FrameTooLargeError.
        """
        self._take_free_slot(math.prod(shape))
        return self._pixels(self._slot, shape, "|u1")

    def write(self, frame: Frame) -> Ticket:
        """Copy the pixels into a free slot, unless they are in shared memory already. Raises FrameTooLargeError."""
        if self._written is not None and self._written[0] is frame:
            return self._written[1]
        image = frame.image
        if not (image.flags.c_contiguous and image.ctypes.data == self._pixels(self._slot, (1,), "|u1").ctypes.data):
            self._take_free_slot(image.nbytes)
            np.copyto(self._pixels(self._slot, image.shape, image.dtype.str), image)
        ticket = Ticket(
            self._slot, self._generation, frame.camera, frame.frame_id, frame.captured_at, image.shape, image.dtype.str
        )
        self._write_header(self._generation)
        self._written = frame, ticket
        return ticket

    def hold(self, queue: str, ticket: Ticket, *, overwritten: bool) -> None:
        """Keep the slot of `ticket`, now the unread one of `queue`. The one before was overwritten, or else taken."""
        before = self._held.get(queue, [])
        self._held[queue] = [*(before[:-1] if overwritten else before[-1:]), ticket]

    def read(self, ticket: Ticket) -> Frame | None:
        """Return a copy of the frame, or None if its slot was overwritten before or during the copy.

        That happens to the tickets of a writer that was replaced: its successor does not know which slots are held.
        """
        if not self._is_current(ticket):
            return None
        image = self._pixels(ticket.slot, ticket.shape, ticket.dtype).copy()
        if not self._is_current(ticket):
            return None
        return Frame(ticket.camera, ticket.frame_id, ticket.captured_at, image)

    def _take_free_slot(self, size: int) -> None:
        if size > MAX_FRAME_BYTES:
            raise FrameTooLargeError(f"a frame of {size:,} bytes; a slot holds {MAX_FRAME_BYTES:,}")
        held = {ticket.slot for tickets in self._held.values() for ticket in tickets}
        others = ((self._slot + distance) % self.slots for distance in range(1, self.slots + 1))
        self._slot = next(slot for slot in others if slot not in held)
        self._generation += 1
        self._write_header(0)

    def _write_header(self, generation: int) -> None:
        _HEADER.pack_into(self._memory, self._slot * _SLOT_BYTES, generation)

    def _is_current(self, ticket: Ticket) -> bool:
        (generation,) = _HEADER.unpack_from(self._memory, ticket.slot * _SLOT_BYTES)
        return bool(generation == ticket.generation)

    def _pixels(self, slot: int, shape: tuple[int, ...], dtype: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        start = slot * _SLOT_BYTES + mmap.PAGESIZE  # page-aligned
        return np.ndarray(shape, dtype, self._memory, start)


def _map_frames(queues: int, fd: Any) -> SharedFrames:
    return SharedFrames(queues, fd.detach())
