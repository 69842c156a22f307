"""The contract of several latest queues of one camera: frames that they share, allocated arrays, one reader of all."""

import threading
import time
from queue import Queue

import numpy as np
import pytest

from common.frames import Frame
from common.interfaces import LatestQueue, Runtime
from tests.support.queues import take, working
from tests.support.roles import PATIENCE_S, echo, is_whole, uniform


@pytest.fixture
def queues(runtime: Runtime) -> list[LatestQueue]:
    """Three queues of one camera."""
    memory = runtime.frame_memory(3)
    return [runtime.latest_queue(memory, f"queue {number}") for number in range(3)]


def test_a_frame_put_into_several_queues_arrives_in_each(queues: list[LatestQueue]) -> None:
    frame = uniform(7, (45, 80, 3))
    for each in queues:
        each.put(frame)
    for each in queues:
        taken = take(each)
        assert taken.frame_id == 7
        assert is_whole(taken)


def test_a_frame_in_an_allocated_array_arrives(runtime: Runtime) -> None:
    memory = runtime.frame_memory(1)
    queue = runtime.latest_queue(memory, "queue")
    for frame_id in range(1, 10):
        image = memory.allocate((45, 80, 3))
        image[:] = frame_id
        queue.put(Frame("main", frame_id, 0.0, image))
        taken = take(queue)
        assert (taken.frame_id, taken.image.shape) == (frame_id, (45, 80, 3))
        assert is_whole(taken)


def test_an_allocated_array_may_be_put_as_several_frames(runtime: Runtime) -> None:
    memory = runtime.frame_memory(2)
    first, second = (runtime.latest_queue(memory, name) for name in ("first", "second"))
    image = memory.allocate((4, 6, 3))
    image[:] = 1
    first.put(Frame("main", 1, 0.0, image))
    second.put(Frame("main", 2, 0.1, image))
    assert [(take(each).frame_id, int(image.max())) for each in (first, second)] == [(1, 1), (2, 1)]


def test_allocated_arrays_stay_whole_while_they_are_in_use_and_further_frames_are_put(runtime: Runtime) -> None:
    memory = runtime.frame_memory(1)
    queue = runtime.latest_queue(memory, "queue")
    kept = [memory.allocate((45, 80, 3)) for _ in range(3)]
    for value, image in enumerate(kept):
        image[:] = value
    for frame_id in range(20):
        image = memory.allocate((45, 80, 3))
        image[:] = frame_id
        queue.put(Frame("main", frame_id, 0.0, image))
        assert is_whole(take(queue))
    for value, image in enumerate(kept):
        queue.put(Frame("main", value, 0.0, image))
        assert is_whole(take(queue))


def test_arrays_may_be_allocated_in_another_thread_than_that_which_puts(runtime: Runtime) -> None:
    memory = runtime.frame_memory(1)
    queue = runtime.latest_queue(memory, "queue")
    filled: Queue[Frame] = Queue(maxsize=1)  # so that as many arrays are in use as with a live source

    def fill() -> None:
        for frame_id in range(500):
            image = memory.allocate((90, 160, 3))
            image[:] = frame_id % 251
            filled.put(Frame("main", frame_id, 0.0, image), timeout=PATIENCE_S)

    filling = threading.Thread(target=fill)
    filling.start()
    for _ in range(500):
        queue.put(filled.get(timeout=PATIENCE_S))
        assert is_whole(take(queue))
    filling.join()


def test_an_unread_frame_stays_whole_however_many_frames_the_other_queues_get(queues: list[LatestQueue]) -> None:
    slow, *fast = queues
    slow.put(uniform(1, (90, 160, 3)))
    for frame_id in range(2, 100):
        frame = uniform(frame_id, (90, 160, 3))
        for each in fast:
            each.put(frame)
    taken = take(slow)
    assert taken.frame_id == 1
    assert is_whole(taken)


def test_a_reader_takes_the_frame_that_has_waited_longest(runtime: Runtime, queues: list[LatestQueue]) -> None:
    reader = runtime.queue_reader(queues)
    assert reader.get(0.05) is None  # zenoh sends nothing before
    for order in ((2, 0, 1), (1, 2, 0), (0, 1, 2)):
        for number in order:
            queues[number].put(uniform(number))
            time.sleep(0.1)  # helper threads write or send
        assert [frame.frame_id for _ in order if (frame := reader.get(PATIENCE_S))] == list(order)
    assert reader.get(0) is None


def test_a_queue_that_is_overwritten_all_the_time_neither_starves_nor_starves_the_others(
    runtime: Runtime, queues: list[LatestQueue]
) -> None:
    reader = runtime.queue_reader(queues)
    taken = []
    for turn in range(30):
        for _ in range(5):
            queues[0].put(uniform(100 + turn))
        for number in (1, 2):
            queues[number].put(uniform(number))
        time.sleep(0.01)  # the feeder threads write
        frame = reader.get(PATIENCE_S)
        assert frame is not None
        taken.append(min(frame.frame_id, 100))
    for frame_id in (1, 2, 100):
        assert taken.count(frame_id) == pytest.approx(10, abs=4)


@pytest.mark.parametrize("number", range(3))
def test_a_waiting_reader_wakes_on_arrival_in_any_queue(runtime: Runtime, number: int) -> None:
    memory, stop = runtime.frame_memory(3), runtime.stop_signal()
    queues = [runtime.latest_queue(memory, f"queue {number}") for number in range(3)]
    back = runtime.latest_queue()
    with working(runtime, stop, echo, runtime.queue_reader(queues), back, stop):
        queues[number].put(uniform(0))
        take(back)  # the worker has started
        started = time.monotonic()
        for frame_id in range(1, 201):
            queues[number].put(uniform(frame_id))
            assert take(back).frame_id == frame_id
        hand_overs_per_s = 400 / (time.monotonic() - started)
    assert hand_overs_per_s > 100  # a worker that polled every 100 ms would make 20, every 20 ms 100


def test_a_reader_without_a_frame_returns_none_after_its_timeout_and_uses_no_cpu(
    runtime: Runtime, queues: list[LatestQueue]
) -> None:
    reader = runtime.queue_reader(queues)
    started, cpu = time.monotonic(), time.thread_time()
    assert reader.get(0.5) is None
    assert 0.49 < time.monotonic() - started < 10
    assert time.thread_time() - cpu < 0.1


def test_a_reader_serves_the_queues_of_several_cameras(runtime: Runtime) -> None:
    queues = [runtime.latest_queue(runtime.frame_memory(1), camera) for camera in ("gate", "yard")]
    reader = runtime.queue_reader(queues)
    for frame_id in range(1, 5):
        queues[frame_id % 2].put(Frame("gate", frame_id, 0.0, np.full((4, 6, 3), frame_id, np.uint8)))
        taken = reader.get(PATIENCE_S)
        assert taken is not None
        assert taken.frame_id == frame_id
        assert is_whole(taken)
