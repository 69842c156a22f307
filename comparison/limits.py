"""What one core of this machine takes for the parts of the way: the yardstick beside every figure."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from common.frames import Frame, Image
from common.runtime import LatestQueue, Runtime, StopSignal

ROUNDS = 300
PUT_FPS = 30


def median_ms(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median time of `work`, in ms."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def memcpy_ms(image: Image) -> float:
    """To copy `image` into memory that was written before."""
    target = np.empty_like(image)
    return median_ms(lambda: np.copyto(target, image))


def hand_over_ms(runtime: Runtime, image: Image) -> tuple[float, float]:
    """Medians of `LatestQueue.put`, and from before it until an idle consumer has the frame, at 30 puts a second."""
    there, back, stop = runtime.latest_queue(), runtime.latest_queue(), runtime.stop_signal()
    worker = runtime.worker("consumer", note_arrivals, (there, back, stop))
    worker.start()
    puts, arrivals = [], []
    pixel = np.zeros((1, 1, 3), np.uint8)
    while back.get(0.1) is None:  # until the consumer is there
        there.put(Frame("main", 0, time.time(), pixel))
    for _ in range(ROUNDS):
        time.sleep(1 / PUT_FPS)
        started = time.time()
        there.put(Frame("main", 1, started, image))
        puts.append(1000 * (time.time() - started))
        answer = back.get(1)
        while answer is not None and answer.frame_id == 0:
            answer = back.get(1)
        if answer is not None:
            arrivals.append(1000 * (answer.captured_at - started))
    stop.set()
    worker.join(2)
    return statistics.median(puts), statistics.median(arrivals)


def note_arrivals(there: LatestQueue, back: LatestQueue, stop: StopSignal) -> None:
    """Answer each frame with the time at which it arrived."""
    pixel = np.zeros((1, 1, 3), np.uint8)
    while not stop.is_set():
        frame = there.get(0.1)
        if frame is not None:
            back.put(Frame("main", frame.frame_id, time.time(), pixel))
