"""Frames are distributed among the workers of a processor, and a busy worker does not delay them."""

import numpy as np
import pytest

from common.capture.outputs import WorkerQueues
from common.frames import Frame
from common.interfaces import LatestQueue, Runtime

PATIENCE_S = 30.0


def frame(frame_id: int) -> Frame:
    return Frame("main", frame_id, 0.0, np.zeros((4, 6, 3), np.uint8))


def taken(queue: LatestQueue) -> int | None:
    frame = queue.get(PATIENCE_S)
    return frame.frame_id if frame else None


@pytest.fixture
def queues(runtime: Runtime) -> tuple[LatestQueue, ...]:
    memory = runtime.frame_memory(2)
    return tuple(runtime.latest_queue(memory, name) for name in ("first", "second"))


def test_workers_that_are_free_get_frames_in_turn(queues: tuple[LatestQueue, ...]) -> None:
    workers = WorkerQueues(queues)
    received = []
    for frame_id in range(1, 5):
        workers.put(frame(frame_id))
        received.append([taken(queue) if queue.is_full() else None for queue in queues])
    assert received == [[1, None], [None, 2], [3, None], [None, 4]]


def test_the_frames_of_a_worker_that_takes_none_go_to_the_others(queues: tuple[LatestQueue, ...]) -> None:
    workers = WorkerQueues(queues)
    received = []
    for frame_id in range(1, 7):
        workers.put(frame(frame_id))
        if queues[1].is_full():
            received.append(taken(queues[1]))
    assert received == [2, 3, 4, 5, 6]
    assert taken(queues[0]) == 1
    assert workers.overwritten_count == 0


def test_frames_are_overwritten_in_turn_when_no_worker_takes_them(queues: tuple[LatestQueue, ...]) -> None:
    workers = WorkerQueues(queues)
    for frame_id in range(1, 7):
        workers.put(frame(frame_id))
    assert sorted(taken(queue) or 0 for queue in queues) == [5, 6]
    assert workers.overwritten_count == 4
