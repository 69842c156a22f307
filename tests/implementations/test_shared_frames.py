"""Frames in shared memory: read whole or not at all, also when a writer is killed or the size changes."""

import os
import pickle
import time
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from common.errors import FrameTooLargeError
from common.frames import MAX_FRAME_BYTES, Frame, Image
from multiprocessing_impl import RUNTIME
from multiprocessing_impl.shared_frames import MAX_ARRAYS, SharedFrames, Ticket
from tests.support.roles import PATIENCE_S, is_whole, put_without_end, uniform


@pytest.fixture
def frames() -> SharedFrames:
    return SharedFrames()


def put(frames: SharedFrames, frame: Frame, queue: str = "queue") -> Ticket:
    """Write a frame as LatestQueue.put does, for a consumer that takes each one."""
    ticket = frames.write(frame)
    frames.hold(queue, ticket, overwritten=False)
    return ticket


def test_a_frame_is_read_as_it_was_written(frames: SharedFrames) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (45, 80, 3), np.uint8)
    frame = frames.read(frames.write(Frame("north", 7, 1.5, pixels)))
    assert frame is not None
    assert (frame.camera, frame.frame_id, frame.captured_at) == ("north", 7, 1.5)
    assert np.array_equal(frame.image, pixels)


def test_a_frame_whose_slot_was_overwritten_is_not_returned(frames: SharedFrames) -> None:
    ticket = frames.write(uniform(0))
    frames.write(uniform(1))  # for no queue, so that nothing holds the slot
    assert frames.read(ticket) is None


def test_a_frame_overwritten_during_the_copy_is_not_returned(
    frames: SharedFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = frames.write(uniform(0))
    pixels = frames._pixels(ticket.slot, ticket.shape)

    class Overtaken:
        """The pixels of the ticket, which are overwritten while they are copied."""

        def copy(self) -> Image:
            copied = pixels.copy()
            monkeypatch.undo()
            frames.write(uniform(1))
            return copied

    monkeypatch.setattr(frames, "_pixels", lambda *_: Overtaken())
    assert frames.read(ticket) is None


def test_a_frame_half_written_by_a_killed_writer_is_not_returned() -> None:
    queue: Any = RUNTIME.latest_queue()
    tickets, sender = get_context("spawn").Pipe(duplex=False)
    writer: Any = RUNTIME.worker("writer", put_without_end, (queue, sender, (2160, 3840, 3)))
    with tickets, sender:
        writer.start()
        last = [tickets.recv() for _ in range(6)][-1]
        following = ticket_after(last, 1)
        pixels = queue._frames._pixels(following.slot, following.shape)
        deadline = time.monotonic() + PATIENCE_S
        while pixels[0, 0, 0] != following.frame_id:
            assert time.monotonic() < deadline, "the writer has stopped"
        writer._worker.kill()  # some milliseconds before the last pixel
        assert writer.join(PATIENCE_S)
        while tickets.poll():
            last = tickets.recv()
    for distance in (-2, -1, 0, 1):
        frame = queue._frames.read(ticket_after(last, distance))
        assert frame is None or is_whole(frame)
    assert queue._frames.read(last) is not None


def ticket_after(ticket: Ticket, distance: int) -> Ticket:
    """Return the ticket of `put_without_end` so many frames later; it puts the frames 1 and 2 in turn, in two slots."""
    frame_id = ticket.frame_id if distance % 2 == 0 else 3 - ticket.frame_id
    slot = (ticket.slot + distance) % 2
    return ticket._replace(slot=slot, generation=ticket.generation + distance, frame_id=frame_id)


def test_a_writer_that_replaces_another_continues_its_generations(frames: SharedFrames) -> None:
    tickets = [frames.write(uniform(frame_id)) for frame_id in range(100)]
    successor = SharedFrames(fd=os.dup(frames.fd))
    assert successor.write(uniform(0)).generation > tickets[-1].generation


def test_another_object_that_maps_the_same_memory_reads_the_frame(frames: SharedFrames) -> None:
    frame = SharedFrames(fd=os.dup(frames.fd)).read(frames.write(uniform(5)))
    assert frame is not None
    assert is_whole(frame)


def test_a_frame_of_the_size_of_a_slot_is_accepted(frames: SharedFrames) -> None:
    before = put(frames, uniform(1), "first")
    ticket = put(frames, uniform(2, (MAX_FRAME_BYTES,)), "second")
    behind = put(frames, uniform(3), "third")
    frame = frames.read(ticket)
    assert frame is not None
    assert is_whole(frame)
    assert all(frames.read(neighbour) is not None for neighbour in (before, behind))


def test_a_frame_that_is_too_large_is_refused_with_both_sizes_and_overwrites_nothing(frames: SharedFrames) -> None:
    ticket = put(frames, uniform(1))
    with pytest.raises(FrameTooLargeError, match="99,532,803 bytes; a slot holds 99,532,800"):
        frames.write(Frame("main", 9, 0.0, np.broadcast_to(np.uint8(0), (33_177_601, 1, 3))))
    assert frames.read(ticket) is not None


def test_a_ticket_is_smaller_than_the_atomic_write_of_a_pipe(frames: SharedFrames) -> None:
    ticket = frames.write(Frame("x" * 100, 2**53, 1_700_000_000.123456, uniform(1, (4320, 7680, 3)).image))
    assert len(pickle.dumps(ticket)) <= 512  # the minimum of PIPE_BUF (POSIX, limits.h), and its value on macOS


def test_a_frame_is_copied_once_for_all_queues(frames: SharedFrames) -> None:
    frame = uniform(1)
    assert frames.write(frame) is frames.write(frame)
    assert frames.write(uniform(1)) != frames.write(frame)


def test_an_allocated_array_is_not_copied(frames: SharedFrames) -> None:
    image = frames.allocate((90, 160, 3))
    ticket = frames.write(Frame("main", 5, 0.0, image))
    image[:] = 5  # seen through the ticket: there is one array
    frame = frames.read(ticket)
    assert frame is not None
    assert is_whole(frame)


def test_an_allocated_array_that_is_not_written_yet_belongs_to_no_ticket(frames: SharedFrames) -> None:
    ticket = frames.write(Frame("main", 1, 0.0, frames.allocate((90, 160, 3))))
    frames.write(uniform(2))  # the array of the frame written last is kept
    assert frames.read(ticket) is not None
    frames.allocate((90, 160, 3))
    assert frames.read(ticket) is None


def test_the_slots_of_arrays_in_use_are_not_written(frames: SharedFrames) -> None:
    images = [frames.allocate((90, 160, 3)) for _ in range(MAX_ARRAYS)]
    for value, image in enumerate(images):
        image[:] = value
    for frame_id in range(20):
        put(frames, uniform(frame_id, (90, 160, 3)))
    assert [image.max() for image in images] == [image.min() for image in images] == list(range(MAX_ARRAYS))


def test_the_slots_of_arrays_that_nothing_refers_to_are_used_again(frames: SharedFrames) -> None:
    addresses = set()
    for _ in range(20):
        addresses.add(frames.allocate((90, 160, 3)).ctypes.data)
    assert len(addresses) == 1


def test_slots_that_are_not_needed_take_no_memory(frames: SharedFrames) -> None:
    slots = {put(frames, uniform(frame_id)).slot for frame_id in range(20)}
    assert len(slots) == 3 < frames.slots


def test_an_array_beyond_those_in_shared_memory_arrives_as_a_copy(frames: SharedFrames) -> None:
    images = [frames.allocate((4, 6, 3)) for _ in range(MAX_ARRAYS + 1)]
    for frame_id, image in enumerate(images):
        image[:] = frame_id
        frame = frames.read(put(frames, Frame("main", frame_id, 0.0, image)))
        assert frame is not None
        assert is_whole(frame)


def test_held_slots_are_not_written_and_one_remains(frames: SharedFrames) -> None:
    taken, unread = frames.write(uniform(1)), None
    frames.hold("queue", taken, overwritten=False)
    for frame_id in range(2, 20):
        unread = frames.write(uniform(frame_id))
        frames.hold("queue", unread, overwritten=frame_id > 2)
        assert frames.read(taken) is not None
        assert frames.read(unread) is not None


def test_an_array_that_is_too_large_for_a_slot_is_refused_when_it_is_written(frames: SharedFrames) -> None:
    image = frames.allocate((33_177_601, 1, 3))
    with pytest.raises(FrameTooLargeError, match="99,532,803 bytes; a slot holds 99,532,800"):
        frames.write(Frame("main", 9, 0.0, image))
