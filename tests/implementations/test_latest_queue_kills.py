"""The latest queue between processes when one of them is killed, and frames that are overwritten or refused."""

import os
import random
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

from common.errors import FrameTooLargeError, QueueBrokenError
from common.frames import MAX_FRAME_BYTES, Frame
from common.interfaces import LatestQueue, Target
from multiprocessing_impl import RUNTIME
from multiprocessing_impl.shared_frames import SharedFrames, Ticket
from tests.support.roles import PATIENCE_S, consume, die_holding, is_whole, produce, put_two, shape_of, uniform

KILLS = 10
BROKEN_AT_MOST = 7
"""Kills at a moment at which the process holds a lock (one in six of a producer's), which needs a new queue."""


@pytest.fixture
def queue() -> LatestQueue:
    return RUNTIME.latest_queue()


@pytest.fixture
def moments() -> random.Random:
    return random.Random(0)


def start(target: Target, *args: object) -> Any:
    worker = RUNTIME.worker("worker", target, args)
    worker.start()
    return worker


def kill(worker: Any) -> None:
    """Send SIGKILL and wait for the end."""
    worker._worker.kill()
    assert worker.join(PATIENCE_S)


def get_within(queue: LatestQueue, timeout_s: float) -> Frame | None:
    """Return what get() returns; fail if it hangs."""
    begun = time.monotonic()
    try:
        return queue.get(timeout_s)
    finally:
        assert time.monotonic() - begun < timeout_s + 10


def feed(queue: LatestQueue, taken: Connection, first_id: int, then_s: float) -> None:
    """Put 200 frames a second until the consumer has taken one, then for `then_s`."""
    deadline, end = time.monotonic() + PATIENCE_S, float("inf")
    while time.monotonic() < end:
        assert time.monotonic() < deadline, "the consumer gets no frames"
        queue.put(uniform(first_id))
        first_id += 1
        if end > deadline and taken.poll():
            end = time.monotonic() + then_s
        time.sleep(0.005)


def drain(queue: LatestQueue, producer: Any, first_id: int, then_s: float) -> None:
    """Take frames and check them until the first of the producer has arrived, then for `then_s`."""
    deadline, end, last_id = time.monotonic() + PATIENCE_S, float("inf"), -1
    while time.monotonic() < end:
        assert time.monotonic() < deadline, "no frames from the producer"
        frame = get_within(queue, 0.02)
        if frame is None:
            if not producer.is_alive():
                raise producer.failure()
            continue
        assert is_whole(frame)
        assert frame.image.shape == shape_of(frame.frame_id)
        assert frame.frame_id > last_id
        last_id = frame.frame_id
        if end > deadline and last_id >= first_id:
            end = time.monotonic() + then_s


def test_a_consumer_killed_at_any_moment_leaves_a_queue_that_its_successor_can_use(
    queue: LatestQueue, moments: random.Random
) -> None:
    broken = 0
    for turn in range(KILLS):
        taken, sender = get_context("spawn").Pipe(duplex=False)
        with taken, sender:
            consumer = start(consume, queue, sender)
            try:
                feed(queue, taken, turn * 1_000_000, moments.uniform(0, 0.03))
            except QueueBrokenError:
                broken += 1
                queue = RUNTIME.latest_queue()
            kill(consumer)
            while taken.poll():
                assert taken.recv() is True
    assert broken <= BROKEN_AT_MOST


def test_a_producer_killed_at_any_moment_leaves_no_torn_frame_and_no_hang(
    queue: LatestQueue, moments: random.Random
) -> None:
    broken, stop = 0, RUNTIME.stop_signal()
    for turn in range(1, KILLS + 1):
        producer = start(produce, queue, stop, turn * 1_000_000, 200)
        try:
            drain(queue, producer, turn * 1_000_000, moments.uniform(0, 0.03))
        except QueueBrokenError:
            broken += 1
            queue = RUNTIME.latest_queue()
        kill(producer)
    assert broken <= BROKEN_AT_MOST


def test_a_reader_killed_with_the_reader_lock_breaks_the_queue_for_both_sides(queue: LatestQueue) -> None:
    assert start(die_holding, "_rlock", queue).join(PATIENCE_S)
    queue.put(uniform(1))
    started = time.monotonic()
    with pytest.raises(QueueBrokenError):
        queue.get(0.1)
    with pytest.raises(QueueBrokenError):
        queue.put(uniform(2))
    assert time.monotonic() - started < 10


def test_a_reader_of_several_queues_names_the_broken_one() -> None:
    memory = RUNTIME.frame_memory(2)
    intact, broken = (RUNTIME.latest_queue(memory, name) for name in ("intact", "broken"))
    assert start(die_holding, "_rlock", broken).join(PATIENCE_S)
    broken.put(uniform(1))
    with pytest.raises(QueueBrokenError, match="died inside the latest queue broken") as error:
        RUNTIME.queue_reader([intact, broken]).get(0.1)
    assert error.value.queue == "broken"
    intact.put(uniform(2))
    assert getattr(RUNTIME.queue_reader([intact]).get(PATIENCE_S), "frame_id", None) == 2


def test_a_queue_that_replaces_a_broken_one_uses_the_same_memory_as_the_others() -> None:
    memory = RUNTIME.frame_memory(2)
    other, broken = (RUNTIME.latest_queue(memory, name) for name in ("other", "broken"))
    frame = uniform(1)
    other.put(frame)
    broken.put(frame)
    replacement = RUNTIME.latest_queue(memory, "broken")
    for frame_id in range(2, 20):
        replacement.put(uniform(frame_id))
    assert getattr(other.get(PATIENCE_S), "frame_id", None) == 1
    assert getattr(replacement.get(PATIENCE_S), "frame_id", None) == 19


def test_a_writer_killed_before_its_write_breaks_the_queue_for_the_next_writer(queue: LatestQueue) -> None:
    assert start(die_holding, "_sem", queue).join(PATIENCE_S)
    started = time.monotonic()
    assert queue.get(0.1) is None
    with pytest.raises(QueueBrokenError):
        queue.put(uniform(1))
    assert time.monotonic() - started < 10


def test_a_writer_killed_with_the_writer_lock_breaks_the_queue_for_the_next_writer(queue: LatestQueue) -> None:
    assert start(die_holding, "_wlock", queue).join(PATIENCE_S)
    writer = start(put_two, queue)
    assert get_within(queue, 0.1) is None
    assert writer.join(PATIENCE_S)
    assert isinstance(writer.failure(), QueueBrokenError)


def test_a_frame_overwritten_by_the_successor_of_its_producer_is_skipped_for_the_newest(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = queue._frames.read

    def read_too_late(ticket: Ticket) -> Frame | None:
        monkeypatch.undo()
        successor = SharedFrames(fd=os.dup(queue._frames.fd))
        for frame_id in range(2, 2 + successor.slots):
            successor.write(uniform(frame_id))
        queue.put(uniform(9))
        overwritten: Frame | None = read(ticket)
        return overwritten

    queue.put(uniform(1))
    monkeypatch.setattr(queue._frames, "read", read_too_late)
    assert getattr(queue.get(PATIENCE_S), "frame_id", None) == 9


def test_a_frame_is_not_overwritten_while_it_is_taken_however_many_are_put(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = queue._frames.read

    def read_late(ticket: Ticket) -> Frame | None:
        monkeypatch.undo()
        for frame_id in range(2, 20):
            queue.put(uniform(frame_id))
        frame: Frame | None = read(ticket)
        return frame

    queue.put(uniform(1))
    monkeypatch.setattr(queue._frames, "read", read_late)
    assert [queue.get(PATIENCE_S).frame_id for _ in range(2)] == [1, 19]


def test_a_frame_that_is_too_large_is_refused_and_the_next_one_arrives(queue: LatestQueue) -> None:
    queue.put(uniform(1))
    too_large = np.broadcast_to(np.uint8(0), (MAX_FRAME_BYTES + 1,))
    with pytest.raises(FrameTooLargeError, match="99,532,801 bytes"):
        queue.put(Frame("main", 2, 0.0, too_large))
    assert getattr(queue.get(PATIENCE_S), "frame_id", None) == 1
    queue.put(uniform(3))
    assert getattr(queue.get(PATIENCE_S), "frame_id", None) == 3
