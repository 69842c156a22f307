"""The frames of one camera in memory that several processes map, with slots enough that the writer never waits."""

import math
import mmap
import os
import struct
import threading
import time
import weakref
from multiprocessing import reduction
from typing import Any, NamedTuple

import numpy as np

from common.errors import FrameTooLargeError, ResourceError
from common.frames import MAX_FRAME_BYTES, Frame, Image

from .os_support import anonymous_file

_HEADER = struct.Struct("q")  # the generation of the frame in the slot; 0 while a frame is written
MAX_ARRAYS = 5  # of allocate(), in use at once: a live source fills one, one waits, and the consumer has up to three
NO_SLOT = -1
_SLOT_BYTES = mmap.PAGESIZE + -(-MAX_FRAME_BYTES // mmap.PAGESIZE) * mmap.PAGESIZE


class Ticket(NamedTuple):
    """All of a frame but its pixels: some hundred bytes, and so less than PIPE_BUF."""

    slot: int
    generation: int
    camera: str
    frame_id: int
    captured_at: float
    shape: tuple[int, ...]


class SharedFrames:
    """One writer, and a reader for each queue. A frame that is put into several queues is copied once.

    The consumer of a queue may hold two slots: that of the unread ticket and that of the ticket whose frame it is
    copying. The writer uses none of these, nor those of arrays that are referenced, and takes the first of the others:
    slots that are never needed take no memory.

    The memory has no name: the kernel frees it when its last holder ends, however it ends. Nothing stays in /dev/shm,
    the resource tracker is not involved, and the size of /dev/shm (64 MB in a container) does not apply.
    """

    def __init__(self, queues: int = 1, fd: int | None = None) -> None:
        """Create the memory for so many queues, or map that of `fd`, which this object closes at its end.

        Raises ResourceError.
        """
        self._queues = queues
        self.slots = 2 * queues + MAX_ARRAYS + 1  # one for a frame that is copied
        size = self.slots * _SLOT_BYTES
        try:
            self.fd = anonymous_file(size) if fd is None else fd
            weakref.finalize(self, os.close, self.fd)
            self._memory = mmap.mmap(self.fd, size)
        except OSError as error:
            raise ResourceError(f"{size:,} bytes for frames cannot be mapped: {error.strerror}") from error
        self._lock = threading.Lock()  # guards what follows: a live source allocates in a thread of its own
        # From a clock that all processes share: a writer that replaces another continues above its generations.
        self._generation = time.monotonic_ns()
        self._arrays: dict[int, tuple[weakref.ref[Image], int]] = {}  # with its generation, by slot
        self._copied_slot = NO_SLOT
        self._held: dict[str, list[Ticket]] = {}
        self._written: tuple[Frame, Ticket] | None = None  # not guarded: written by one thread

    def __reduce__(self) -> tuple[Any, ...]:
        return _map_frames, (self._queues, reduction.DupFd(self.fd))

    def allocate(self, shape: tuple[int, ...]) -> Image:
        """Return an array for the pixels of a frame, which write() then does not copy.

        Its slot is used again when neither a reference nor a queue holds it. Any thread may call this. The array is
        not in shared memory when it is too large for a slot or MAX_ARRAYS are in use.
        """
        with self._lock:
            if math.prod(shape) > MAX_FRAME_BYTES or len(self._slots_of_arrays()) >= MAX_ARRAYS:
                return np.empty(shape, np.uint8)
            slot = self._take_free_slot()
            image = self._pixels(slot, shape)
            self._arrays[slot] = weakref.ref(image), self._generation
        return image

    def write(self, frame: Frame) -> Ticket:
        """Copy the pixels into a free slot, unless their array is one of allocate(). Raises FrameTooLargeError."""
        if self._written is not None and self._written[0] is frame:
            return self._written[1]
        image = frame.image
        slot, generation = self._find(image) or self._copy(image)
        ticket = Ticket(slot, generation, frame.camera, frame.frame_id, frame.captured_at, image.shape)
        self._write_header(slot, generation)
        self._written = frame, ticket
        return ticket

    def hold(self, queue: str, ticket: Ticket, *, overwritten: bool) -> None:
        """Keep the slot of `ticket`, now the unread one of `queue`. The one before was overwritten, or else taken."""
        with self._lock:
            before = self._held.get(queue, [])
            self._held[queue] = [*(before[:-1] if overwritten else before[-1:]), ticket]

    def read(self, ticket: Ticket) -> Frame | None:
        """Return a copy of the frame, or None if its slot was overwritten before or during the copy.

        That happens to the tickets of a writer that was replaced: its successor has no record of the slots in use.
        """
        if not self._is_current(ticket):
            return None
        image = self._pixels(ticket.slot, ticket.shape).copy()
        if not self._is_current(ticket):
            return None
        return Frame(ticket.camera, ticket.frame_id, ticket.captured_at, image)

    def _find(self, image: Image) -> tuple[int, int] | None:
        """Return the slot and the generation of an array of allocate()."""
        with self._lock:
            for slot, (array, generation) in self._arrays.items():
                if array() is image:
                    return slot, generation
        return None

    def _copy(self, image: Image) -> tuple[int, int]:
        """Copy the pixels into a free slot; return it and its generation. Raises FrameTooLargeError."""
        if image.nbytes > MAX_FRAME_BYTES:
            raise FrameTooLargeError(f"a frame of {image.nbytes:,} bytes; a slot holds {MAX_FRAME_BYTES:,}")
        with self._lock:
            self._copied_slot = NO_SLOT
            self._copied_slot = slot = self._take_free_slot()
            generation = self._generation
        np.copyto(self._pixels(slot, image.shape), image)
        return slot, generation

    def _take_free_slot(self) -> int:
        used = {ticket.slot for tickets in self._held.values() for ticket in tickets}
        used |= self._slots_of_arrays() | {self._copied_slot}
        slot = 0
        while slot in used:
            slot += 1
        self._generation += 1
        self._write_header(slot, 0)
        return slot

    def _slots_of_arrays(self) -> set[int]:
        return {slot for slot, (array, _) in self._arrays.items() if array() is not None}

    def _write_header(self, slot: int, generation: int) -> None:
        _HEADER.pack_into(self._memory, slot * _SLOT_BYTES, generation)

    def _is_current(self, ticket: Ticket) -> bool:
        (generation,) = _HEADER.unpack_from(self._memory, ticket.slot * _SLOT_BYTES)
        return bool(generation == ticket.generation)

    def _pixels(self, slot: int, shape: tuple[int, ...]) -> Image:
        return np.ndarray(shape, np.uint8, self._memory, slot * _SLOT_BYTES + mmap.PAGESIZE)  # page-aligned


def _map_frames(queues: int, fd: Any) -> SharedFrames:
    return SharedFrames(queues, fd.detach())
