"""Frames in memory that several processes map: three slots, so that the writer never waits for the reader."""

import mmap
import os
import struct
import time
import weakref
from typing import NamedTuple

import numpy as np

from common.errors import FrameTooLargeError
from common.frames import MAX_FRAME_BYTES, Frame

from .os_support import anonymous_file

SLOTS = 3  # one is read, one waits to be read, one is written
_HEADER = struct.Struct("q")  # the generation of the frame in the slot; 0 while a frame is written
_SLOT_BYTES = mmap.PAGESIZE + -(-MAX_FRAME_BYTES // mmap.PAGESIZE) * mmap.PAGESIZE


class Ticket(NamedTuple):
    """All of a frame but its pixels: some hundred bytes, and so less than PIPE_BUF."""

    generation: int
    camera: str
    frame_id: int
    captured_at: float
    shape: tuple[int, ...]
    dtype: str


class SharedFrames:
    """One writer, one reader. The writer takes the slots in turn, so the reader's copy may last two whole puts.

    The memory has no name: the kernel frees it when its last holder ends, however it ends. Nothing stays in /dev/shm,
    there is nothing for the resource tracker to do, and the size of /dev/shm (64 MB in a container) is no limit.
    """

    def __init__(self, fd: int | None = None) -> None:
        """Create the memory, or map that of `fd`, which this object closes at its end."""
        self.fd = anonymous_file(SLOTS * _SLOT_BYTES) if fd is None else fd
        weakref.finalize(self, os.close, self.fd)
        self._memory = mmap.mmap(self.fd, SLOTS * _SLOT_BYTES)
        # From a clock that all processes share: a writer that replaces another continues above its generations.
        self._generation = time.monotonic_ns()

    def write(self, frame: Frame) -> Ticket:
        """Copy the pixels into the next slot. Raises FrameTooLargeError."""
        image = frame.image
        if image.nbytes > MAX_FRAME_BYTES:
            raise FrameTooLargeError(f"a frame of {image.nbytes:,} bytes; a slot holds {MAX_FRAME_BYTES:,}")
        self._generation += 1
        ticket = Ticket(self._generation, frame.camera, frame.frame_id, frame.captured_at, image.shape, image.dtype.str)
        offset = self._offset(ticket)
        _HEADER.pack_into(self._memory, offset, 0)
        np.copyto(self._pixels(ticket), image)
        _HEADER.pack_into(self._memory, offset, ticket.generation)
        return ticket

    def read(self, ticket: Ticket) -> Frame | None:
        """Return a copy of the frame, or None if its slot was overwritten before or during the copy."""
        if not self._holds(ticket):
            return None
        image = self._pixels(ticket).copy()
        if not self._holds(ticket):
            return None
        return Frame(ticket.camera, ticket.frame_id, ticket.captured_at, image)

    def _holds(self, ticket: Ticket) -> bool:
        (generation,) = _HEADER.unpack_from(self._memory, self._offset(ticket))
        return bool(generation == ticket.generation)

    def _pixels(self, ticket: Ticket) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        start = self._offset(ticket) + mmap.PAGESIZE  # page-aligned
        return np.ndarray(ticket.shape, ticket.dtype, self._memory, start)

    @staticmethod
    def _offset(ticket: Ticket) -> int:
        return ticket.generation % SLOTS * _SLOT_BYTES
