"""The way of a frame through a queue alone: what the put costs, and when the consumer has it."""

import contextlib
import multiprocessing
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np

from benchmark.errors import MeasuringError
from common.frames import Frame, Image
from common.interfaces import LatestQueue, Runtime, StopSignal
from common.pacing import Ticker

START_S = 30.0
STOP_S = 5.0
CHECK_STOP_S = 0.1


class PlainQueue:
    """A `multiprocessing.Queue(1)` as one would write it first: the frame itself goes through, pickled."""

    def __init__(self) -> None:
        self._queue: Any = multiprocessing.get_context("spawn").Queue(maxsize=1)
        self._queue.cancel_join_thread()
        self.overwritten_count = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._queue.cancel_join_thread()  # no process waits, at its end, for a frame that nobody will read

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one.

        Raises queue.Full while the frame before is still on its way through the pipe.
        """
        try:
            self._queue.get_nowait()
            self.overwritten_count += 1
        except queue.Empty:
            pass
        self._queue.put_nowait(frame)

    def get(self, timeout_s: float) -> Frame | None:
        """Take the frame, waiting up to `timeout_s` seconds for one."""
        try:
            frame: Frame = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        return frame


@dataclass
class Passage:
    """All that a producer saw. Times are ms, one for each put, or for each frame that the consumer has taken."""

    put_ms: list[float] = field(default_factory=list)
    hand_over_ms: list[float] = field(default_factory=list)
    refused_count: int = 0
    overwritten_count: int = 0

    @property
    def put_count(self) -> int:
        """Frames that the queue took."""
        return len(self.put_ms) - self.refused_count


def runtime_of(implementation: str) -> Runtime:
    """The parts of an implementation."""
    runtime: Runtime = import_module(f"{implementation}_impl").RUNTIME
    return runtime


def plain_runtime() -> Runtime:
    """Processes, with the plain queue between them."""
    return replace(runtime_of("multiprocessing"), name="plain", latest_queue=PlainQueue)


def measure(runtime: Runtime, image: Image, put_fps: float, seconds: float, taking_s: float) -> Passage:
    """Put `image` at `put_fps` for so long, to a consumer that is busy for `taking_s` with each one it takes.

    Raises MeasuringError when there is no consumer.
    """
    there, back, stop = runtime.latest_queue(), runtime.latest_queue(), runtime.stop_signal()
    consumer = runtime.worker("consumer", take_frames, (there, back, taking_s, stop))
    consumer.start()
    try:
        _wait_for_consumer(there, back)
        return _put_all(there, back, image, put_fps, seconds)
    finally:
        stop.set()
        if not consumer.join(STOP_S):
            consumer.kill()


def _wait_for_consumer(there: LatestQueue, back: LatestQueue) -> None:
    deadline = time.monotonic() + START_S
    while back.get(CHECK_STOP_S) is None:
        if time.monotonic() > deadline:
            raise MeasuringError(f"the consumer of the queue did not start within {START_S:g} s")
        with contextlib.suppress(queue.Full):
            there.put(_note(0, time.time()))


def _put_all(there: LatestQueue, back: LatestQueue, image: Image, put_fps: float, seconds: float) -> Passage:
    passage = Passage()
    put_at: dict[int, float] = {}
    before = there.overwritten_count
    ticker = Ticker(put_fps)
    for number in range(1, 1 + max(1, round(seconds * put_fps))):
        put_at[number] = started = time.time()
        try:
            there.put(Frame("main", number, started, image))
        except queue.Full:
            passage.refused_count += 1
        passage.put_ms.append(1000 * (time.time() - started))
        due = time.monotonic() + ticker.delay_s()
        while (left_s := due - time.monotonic()) > 0:
            answer = back.get(left_s)
            if answer is not None and answer.frame_id in put_at:  # not one from before
                passage.hand_over_ms.append(1000 * (answer.captured_at - put_at.pop(answer.frame_id)))
    passage.overwritten_count = there.overwritten_count - before
    return passage


def take_frames(there: LatestQueue, back: LatestQueue, taking_s: float, stop: StopSignal) -> None:
    """The consumer: answers each frame with the time at which it had it, then is busy."""
    while not stop.is_set():
        frame = there.get(CHECK_STOP_S)
        if frame is not None:
            with contextlib.suppress(queue.Full):
                back.put(_note(frame.frame_id, time.time()))
            stop.wait(taking_s)


def _note(frame_id: int, at: float) -> Frame:
    return Frame("main", frame_id, at, np.zeros((1, 1, 3), np.uint8))


LATEST_PROCESSES, LATEST_THREADS, PLAIN = "LatestQueue, processes", "LatestQueue, threads", "plain Queue(1)"
QUEUES: dict[str, Callable[[], Runtime]] = {
    LATEST_PROCESSES: lambda: runtime_of("multiprocessing"),
    LATEST_THREADS: lambda: runtime_of("threading"),
    PLAIN: plain_runtime,
}
