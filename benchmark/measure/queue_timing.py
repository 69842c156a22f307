"""Time of a put into a queue, and the latency from the put to the consumer."""

import contextlib
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module

import numpy as np

from benchmark.errors import MeasuringError
from benchmark.measure.plain_queue import PlainQueue
from common.frames import Frame, Image
from common.interfaces import FrameMemory, LatestQueue, Runtime, StopSignal
from common.pacing import Ticker

START_S = 30.0
STOP_S = 5.0
CHECK_STOP_S = 0.1


@dataclass
class QueueTimes:
    """Samples of one queue, in ms: `put_ms` for each put, `hand_over_ms` for each frame that the consumer received."""

    put_ms: list[float] = field(default_factory=list)
    hand_over_ms: list[float] = field(default_factory=list)
    refused_count: int = 0
    overwritten_count: int = 0

    @property
    def put_count(self) -> int:
        """Number of frames that the queue accepted."""
        return len(self.put_ms) - self.refused_count


def runtime_of(implementation: str) -> Runtime:
    """Return the runtime of an implementation."""
    runtime: Runtime = import_module(f"{implementation}_impl").RUNTIME
    return runtime


def copying_runtime() -> Runtime:
    """Return the multiprocessing runtime for frames that are not in shared memory before they are put."""
    processes = runtime_of("multiprocessing")
    return replace(
        processes,
        name="copying",
        frame_memory=runtime_of("threading").frame_memory,
        latest_queue=lambda *_: processes.latest_queue(),
    )


def plain_runtime() -> Runtime:
    """Return the multiprocessing runtime with plain queues."""
    return replace(copying_runtime(), name="plain", latest_queue=lambda *_: PlainQueue())


LATEST_PROCESSES, LATEST_THREADS, PLAIN = "LatestQueue, processes", "LatestQueue, threads", "plain Queue(1)"
COPYING = "LatestQueue, processes, copying"
QUEUES: dict[str, Callable[[], Runtime]] = {
    LATEST_PROCESSES: lambda: runtime_of("multiprocessing"),
    COPYING: copying_runtime,
    LATEST_THREADS: lambda: runtime_of("threading"),
    PLAIN: plain_runtime,
}


def measure_queue(runtime: Runtime, image: Image, put_fps: float, seconds: float, busy_s: float) -> QueueTimes:
    """Put `image` at `put_fps` for `seconds`; the consumer is busy for `busy_s` seconds with each frame it receives.

    As in a provider, each frame is written into the memory of the queue before, which is not part of the put. Raises
    MeasuringError when the consumer does not start.
    """
    memory = runtime.frame_memory(1)
    frames, replies, stop = runtime.latest_queue(memory, "frames"), runtime.latest_queue(), runtime.stop_signal()
    consumer = runtime.worker("consumer", consume, (frames, replies, busy_s, stop))
    consumer.start()
    try:
        _wait_for_consumer(frames, replies)
        return _produce(frames, replies, memory, image, put_fps, seconds)
    finally:
        stop.set()
        if not consumer.join(STOP_S):
            consumer.kill()


def _wait_for_consumer(frames: LatestQueue, replies: LatestQueue) -> None:
    deadline = time.monotonic() + START_S
    while replies.get(CHECK_STOP_S) is None:
        if time.monotonic() > deadline:
            raise MeasuringError(f"the consumer of the queue did not start within {START_S:g} s")
        with contextlib.suppress(queue.Full):
            frames.put(_reply(0, time.time()))


def _produce(
    frames: LatestQueue, replies: LatestQueue, memory: FrameMemory, image: Image, put_fps: float, seconds: float
) -> QueueTimes:
    times = QueueTimes()
    put_at: dict[int, float] = {}
    overwritten_before = frames.overwritten_count
    ticker = Ticker(put_fps)
    for number in range(1, 1 + max(1, round(seconds * put_fps))):
        converted = memory.allocate(image.shape)
        np.copyto(converted, image)
        put_at[number] = started = time.time()
        try:
            frames.put(Frame("main", number, started, converted))
        except queue.Full:
            times.refused_count += 1
        times.put_ms.append(1000 * (time.time() - started))
        due = time.monotonic() + ticker.delay_s()
        while (left_s := due - time.monotonic()) > 0:
            reply = replies.get(left_s)
            if reply is not None and reply.frame_id in put_at:  # not a reply from _wait_for_consumer
                times.hand_over_ms.append(1000 * (reply.captured_at - put_at.pop(reply.frame_id)))
    times.overwritten_count = frames.overwritten_count - overwritten_before
    return times


def consume(frames: LatestQueue, replies: LatestQueue, busy_s: float, stop: StopSignal) -> None:
    """Reply to each frame with the time at which it was received, then wait `busy_s` seconds."""
    while not stop.is_set():
        frame = frames.get(CHECK_STOP_S)
        if frame is not None:
            with contextlib.suppress(queue.Full):
                replies.put(_reply(frame.frame_id, time.time()))
            stop.wait(busy_s)


def _reply(frame_id: int, at: float) -> Frame:
    return Frame("main", frame_id, at, np.zeros((1, 1, 3), np.uint8))
