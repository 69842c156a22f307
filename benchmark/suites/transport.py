"""`bench transport`: the latest queue in isolation, next to a plain `multiprocessing.Queue` and a memcpy."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmark.measure.baseline import time_memcpy
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.queue_timing import QUEUES, measure_queue
from benchmark.progress import Progress
from benchmark.results import BenchmarkSettings, TransportResults, TransportRun
from benchmark.suites.schedule import interleaved
from common.frames import Image

SIZES = ((640, 360), (1280, 720), (1920, 1080))
BUSY_MS = 200  # a consumer that processes 5 FPS
# Puts per second, and ms that the consumer is busy with each frame: the rate of the app with an idle and with a busy
# consumer, then ten times that rate.
PACES = ((30, 0), (30, BUSY_MS), (300, BUSY_MS))


@dataclass(frozen=True)
class TransportCase:
    """A queue, the size of the frames in pixels, and the pace of both sides."""

    queue: str
    width: int
    height: int
    put_fps: float
    taking_ms: float

    def name(self) -> str:
        """Return the case in words, for the progress."""
        return f"{self.queue}, {size_name(self.width, self.height)}, {self.put_fps:g} puts/s"


CASES = [TransportCase(name, *size, *pace) for name, size, pace in product(QUEUES, SIZES, PACES)]


def size_name(width: int, height: int) -> str:
    """Return e.g. "1280×720"."""
    return f"{width}×{height}"


def run_all(settings: BenchmarkSettings, rounds: int, started_at: str) -> TransportResults:
    """Measure a memcpy `rounds` times, then every case. Raises MeasuringError."""
    environment = read_environment()
    copies = {size_name(*size): time_memcpy(_noise(*size), rounds) for size in SIZES}
    schedule = list(interleaved(CASES, settings.repeats, settings.order_seed))
    named = ((scheduled, scheduled[1].name()) for scheduled in schedule)
    runs = [run_one(case, number, settings.seconds) for number, case in Progress(len(schedule)).track(named)]
    return TransportResults(
        started_at=started_at, environment=environment, settings=settings, memcpy_ms=copies, runs=tuple(runs)
    )


def run_one(case: TransportCase, number: int, seconds: float) -> TransportRun:
    """Measure a new queue. Raises MeasuringError."""
    image = _noise(case.width, case.height)
    before = cpu_times()
    times = measure_queue(QUEUES[case.queue](), image, case.put_fps, seconds, case.taking_ms / 1000)
    background = usage_between(before, cpu_times()).background
    return TransportRun(
        queue=case.queue,
        width=case.width,
        height=case.height,
        put_fps=case.put_fps,
        taking_ms=case.taking_ms,
        round=number,
        seconds=seconds,
        put_ms=tuple(round(value, 4) for value in times.put_ms),
        hand_over_ms=tuple(round(value, 4) for value in times.hand_over_ms),
        puts=times.put_count,
        overwritten=times.overwritten_count,
        refused=times.refused_count,
        background=background,
    )


def _noise(width: int, height: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
