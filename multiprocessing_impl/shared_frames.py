"""Pixels in memory that several processes map: three slots, so that a writer never waits for a reader."""

import mmap
import os
import struct
import tempfile
import time
import weakref
from typing import NamedTuple

import numpy as np

from common.errors import FrameTooLargeError
from common.frames import MAX_FRAME_BYTES, Frame

SLOTS = 3  # one being read, one waiting, one being written
_HEADER = struct.Struct("q")  # the generation of the frame in the slot; 0 while it is being written
_SLOT_BYTES = mmap.PAGESIZE + -(-MAX_FRAME_BYTES // mmap.PAGESIZE) * mmap.PAGESIZE


class Ticket(NamedTuple):
    """All of a frame but its pixels: some hundred bytes, so that it passes a pipe whole or not at all."""

    generation: int
    camera: str
    frame_id: int
    captured_at: float
    shape: tuple[int, ...]
    dtype: str


class SharedFrames:
    """One writer, one reader. The writer goes round the slots, so a reader has two whole puts to finish its copy.

    The memory has no name: the kernel frees it with its last holder, however that one ends. Nothing is left in
    /dev/shm, no resource tracker warns, and the size of /dev/shm (64 MB in a container) does not limit it.
    """

    def __init__(self, fd: int | None = None) -> None:
        """Make the memory, or map that of `fd`, which from then on belongs to this object."""
        self.fd = _anonymous_file(SLOTS * _SLOT_BYTES) if fd is None else fd
        weakref.finalize(self, os.close, self.fd)
        self._memory = mmap.mmap(self.fd, SLOTS * _SLOT_BYTES)
        # A writer that replaces a dead one must not give a generation twice: the clock rises over both.
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
        """A copy of the frame, or None when its slot was written over, before the copy or during it."""
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
        # A page after the header, so that rows start where the hardware likes them.
        start = self._offset(ticket) + mmap.PAGESIZE
        return np.ndarray(ticket.shape, ticket.dtype, self._memory, start)

    @staticmethod
    def _offset(ticket: Ticket) -> int:
        return ticket.generation % SLOTS * _SLOT_BYTES


def _anonymous_file(size: int) -> int:
    """A file without a name that holds `size` bytes, none of which takes memory before it is written."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("latest-frame")
    else:  # macOS
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd
