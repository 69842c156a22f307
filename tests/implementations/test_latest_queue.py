"""The contract of the latest queue in every implementation: the newest frame, whole, and a put that never blocks."""

import time
from itertools import pairwise

import numpy as np
import pytest

from common.frames import Frame, Image
from common.interfaces import LatestQueue, Runtime
from tests.support.queues import take, working
from tests.support.roles import CHANGE_EVERY, echo, is_whole, produce, shape_of, uniform


@pytest.fixture
def queue(runtime: Runtime) -> LatestQueue:
    return runtime.latest_queue()


def pattern() -> Image:
    """Return an image that is smooth, so that JPEG changes it little, and differs in its channels."""
    y, x = np.mgrid[0:45, 0:80]
    return np.stack([3 * x, 5 * y, x + 2 * y], axis=-1).astype(np.uint8)


def same_pixels(taken: Image, put: Image) -> bool:
    """Return whether the pixels are those that were put, apart from what JPEG loses."""
    return taken.shape == put.shape and bool(np.abs(taken.astype(int) - put).mean() < 3)


def test_put_replaces_an_unread_frame(queue: LatestQueue) -> None:
    for frame_id in (1, 2, 3):
        queue.put(uniform(frame_id))
    assert take(queue).frame_id == 3
    assert queue.get(0.05) is None


def test_frames_that_are_read_are_not_replaced(queue: LatestQueue) -> None:
    taken = []
    for frame_id in (1, 2, 3):
        queue.put(uniform(frame_id))
        taken.append(take(queue).frame_id)
    assert taken == [1, 2, 3]
    assert queue.overwritten_count == 0


def test_overwritten_frames_are_counted(queue: LatestQueue) -> None:
    for frame_id in range(5):
        queue.put(uniform(frame_id))
    take(queue)
    queue.put(uniform(5))
    queue.get(0.05)
    queue.get(0)
    assert queue.overwritten_count == 4


def test_get_without_a_timeout_does_not_wait(queue: LatestQueue) -> None:
    started = time.monotonic()
    assert [queue.get(0) for _ in range(100)] == [None] * 100
    assert time.monotonic() - started < 5  # a wait of 50 ms each would take as long


def test_get_returns_none_after_its_timeout(queue: LatestQueue) -> None:
    started = time.monotonic()
    assert queue.get(0.3) is None
    assert 0.29 < time.monotonic() - started < 10


def test_a_wait_costs_no_cpu(queue: LatestQueue) -> None:
    started = time.thread_time()
    queue.get(0.5)
    assert time.thread_time() - started < 0.1


def test_put_does_not_wait_for_a_consumer_that_never_reads(queue: LatestQueue) -> None:
    started = time.monotonic()
    for frame_id in range(2000):
        queue.put(uniform(frame_id))
    assert 2000 / (time.monotonic() - started) > 200  # a wait of 10 ms each would make it 100 a second
    assert queue.overwritten_count == 1999
    assert take(queue).frame_id == 1999


def test_all_fields_of_a_frame_arrive(queue: LatestQueue) -> None:
    pixels = pattern()
    queue.put(Frame("north gate", 123_456_789, 1_700_000_000.125, pixels))
    frame = take(queue)
    assert (frame.camera, frame.frame_id, frame.captured_at) == ("north gate", 123_456_789, 1_700_000_000.125)
    assert frame.image.dtype == np.uint8
    assert same_pixels(frame.image, pixels)


@pytest.mark.parametrize(
    "cut", [np.s_[::2, 1::3], np.s_[::-1], np.s_[..., ::-1], np.s_[10:20, 5:50, 1]], ids=["sparse", "up", "rgb", "grey"]
)
def test_pixels_of_an_array_that_is_not_contiguous_arrive(queue: LatestQueue, cut: tuple[slice, ...]) -> None:
    pixels = pattern()[cut]
    queue.put(Frame("main", 1, 0.0, pixels))
    assert same_pixels(take(queue).image, pixels)


def test_frames_may_change_their_shape(queue: LatestQueue) -> None:
    shapes = [(90, 160, 3), (1080, 1920, 3), (1, 1, 3), (480, 640), (90, 160, 3)]
    for frame_id, shape in enumerate(shapes):
        queue.put(uniform(frame_id, shape))
        frame = take(queue)
        assert frame.image.shape == shape
        assert is_whole(frame)


def test_a_received_frame_is_not_changed_by_later_puts(queue: LatestQueue) -> None:
    queue.put(uniform(1))
    frame = take(queue)
    for frame_id in range(2, 10):
        queue.put(uniform(frame_id))
    while take(queue).frame_id < 9:
        """An older frame may have been on its way."""
    assert is_whole(frame)


def test_two_queues_are_independent(runtime: Runtime) -> None:
    queues = [runtime.latest_queue() for _ in range(2)]
    for frame_id in range(10):
        queues[frame_id % 2].put(uniform(frame_id))
    taken = [take(queue) for queue in queues]
    assert [frame.frame_id for frame in taken] == [8, 9]
    assert all(is_whole(frame) for frame in taken)


def test_a_waiting_consumer_wakes_on_arrival(runtime: Runtime) -> None:
    there, back, stop = runtime.latest_queue(), runtime.latest_queue(), runtime.stop_signal()
    with working(runtime, stop, echo, there, back, stop):
        there.put(uniform(0))
        take(back)  # the worker has started
        started = time.monotonic()
        for frame_id in range(1, 201):
            there.put(uniform(frame_id))
            assert take(back).frame_id == frame_id
        hand_overs_per_s = 400 / (time.monotonic() - started)
    assert hand_overs_per_s > 100  # a worker that polled every 100 ms would make 20, every 20 ms 100


def test_frames_of_a_fast_worker_arrive_whole_and_in_order(runtime: Runtime) -> None:
    queue, stop = runtime.latest_queue(), runtime.stop_signal()
    with working(runtime, stop, produce, queue, stop, 0, 1000):
        ids = [take(queue).frame_id]
        started = time.monotonic()
        while ids[-1] < 3 * CHANGE_EVERY or time.monotonic() - started < 1:
            frame = take(queue)
            assert is_whole(frame)
            assert frame.image.shape == shape_of(frame.frame_id)
            ids.append(frame.frame_id)
        puts_per_s = (ids[-1] - ids[0]) / (time.monotonic() - started)
    assert all(before < after for before, after in pairwise(ids))
    assert puts_per_s > 100


def test_is_full_is_true_while_a_frame_is_unread(queue: LatestQueue) -> None:
    assert not queue.is_full()
    queue.put(uniform(1))
    assert queue.is_full()
    queue.put(uniform(2))
    assert queue.is_full()
    take(queue)
    assert not queue.is_full()
