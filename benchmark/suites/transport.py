"""`bench transport`: the latest queue alone, beside a plain `multiprocessing.Queue` and a memcpy."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmark.cases import interleaved
from benchmark.measure.baseline import memcpy_ms
from benchmark.measure.cpu_usage import cpu_times, load_between
from benchmark.measure.environment import look_around
from benchmark.measure.queue_timing import QUEUES, measure
from benchmark.progress import Progress
from benchmark.results import Settings, TransportResults, TransportRun
from common.frames import Image

SIZES = ((640, 360), (1280, 720), (1920, 1080))
DETECTOR_MS = 200  # what a consumer is busy for that takes 5 frames a second
# Puts a second, and for how long the consumer is busy with each frame: the app's rate to an idle consumer and to a
# busy one, then ten times as much.
PACES = ((30, 0), (30, DETECTOR_MS), (300, DETECTOR_MS))


@dataclass(frozen=True)
class Cell:
    """A queue, the size of the frames, and the pace of both sides."""

    queue: str
    width: int
    height: int
    put_fps: float
    taking_ms: float

    def name(self) -> str:
        """In words, for the progress bar."""
        return f"{self.queue}, {size_name(self.width, self.height)}, {self.put_fps:g} puts/s"


CELLS = [Cell(name, *size, *pace) for name, size, pace in product(QUEUES, SIZES, PACES)]


def size_name(width: int, height: int) -> str:
    """1280×720"""
    return f"{width}×{height}"


def run_all(settings: Settings, rounds: int, started_at: str) -> TransportResults:
    """Every cell. `rounds` is how often a memcpy is measured."""
    environment = look_around()
    copies = {size_name(*size): memcpy_ms(_noise(*size), rounds) for size in SIZES}
    plan = list(interleaved(CELLS, settings.repeats, settings.order_seed))
    named = ((planned, planned[1].name()) for planned in plan)
    runs = [run_one(cell, number, settings.seconds) for number, cell in Progress(len(plan)).follow(named)]
    return TransportResults(
        started_at=started_at, environment=environment, settings=settings, memcpy_ms=copies, runs=tuple(runs)
    )


def run_one(cell: Cell, number: int, seconds: float) -> TransportRun:
    """One queue, made new. Raises MeasuringError."""
    image = _noise(cell.width, cell.height)
    before = cpu_times()
    passage = measure(QUEUES[cell.queue](), image, cell.put_fps, seconds, cell.taking_ms / 1000)
    surroundings = load_between(before, cpu_times()).surroundings
    return TransportRun(
        queue=cell.queue,
        width=cell.width,
        height=cell.height,
        put_fps=cell.put_fps,
        taking_ms=cell.taking_ms,
        round=number,
        seconds=seconds,
        put_ms=tuple(round(value, 4) for value in passage.put_ms),
        hand_over_ms=tuple(round(value, 4) for value in passage.hand_over_ms),
        puts=passage.put_count,
        overwritten=passage.overwritten_count,
        refused=passage.refused_count,
        surroundings=surroundings,
    )


def _noise(width: int, height: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
