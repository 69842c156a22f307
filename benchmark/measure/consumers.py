"""One producer, many consumers: `python -m benchmark.measure.consumers` compares the patterns of docs/consumers.md."""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from benchmark.measure.fan_out import Consumer, ConsumerLog, FanOut, measure
from benchmark.measure.patterns.pattern import Pattern
from benchmark.quantile import quantile
from common.frames import Image

FPS = 30
SLOW_S = 0.2
MOMENT = 0.4  # of a run, at which a consumer is killed or joins
# Name, module in benchmark.measure.patterns and class, and the package that it needs besides.
PATTERNS = {
    "queue each, shared memory": ("queues", "LatestQueues", ""),
    "queue each, pickled": ("queues", "PlainQueues", ""),
    "ring with sequence number": ("ring", "SharedRing", ""),
    "publish and subscribe (Zenoh)": ("publisher", "ZenohPublisher", "zenoh"),
    "one thread that copies": ("copying_thread", "CopyingThread", ""),
}
COLUMNS = (
    "put p50 / p99, ms",
    "producer, ms CPU a frame",
    "latency p50 / p99, ms",
    "consumer, % of a core",
    "FPS beside a slow one",
    "age at the slow one, ms",
    "FPS after one was killed",
    "age of a late one's first frame, ms",
)


def main(argv: Sequence[str]) -> int:
    """Print a Markdown table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.measure.consumers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="duration of each run (default: 5)")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    arguments = parser.parse_args(argv)
    image = np.random.default_rng(0).integers(0, 256, (arguments.height, arguments.width, 3), np.uint8)
    print(f"| {arguments.width}×{arguments.height}, {FPS} FPS | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}")
    for name in PATTERNS:
        make = factory(name)
        cells = compare(make, image, arguments.seconds) if make else ["not installed"] * len(COLUMNS)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return 0


def factory(name: str) -> Callable[[int], Pattern] | None:
    """Return the class of a pattern, or None if the package that it needs is not installed."""
    module, pattern, package = PATTERNS[name]
    if package and find_spec(package) is None:
        return None
    make: Callable[[int], Pattern] = getattr(import_module(f"benchmark.measure.patterns.{module}"), pattern)
    return make


def compare(make: Callable[[int], Pattern], image: Image, seconds: float) -> list[str]:
    """Measure a pattern in four runs of two consumers, of which the first is fast. Raises MeasuringError."""

    def run(other: Consumer) -> FanOut:
        return measure(make(2), image, FPS, seconds, (Consumer(), other))

    both_fast, slow = run(Consumer()), run(Consumer(busy_s=SLOW_S))
    killed, late = run(Consumer(killed_at=MOMENT)), run(Consumer(joins_at=MOMENT))
    duration = both_fast.ended_at - both_fast.began_at
    latencies = [age for log in both_fast.logs for age in ages_ms(log)]
    return [
        _pair(both_fast.put_ms),
        f"{1000 * both_fast.cpu_s / len(both_fast.put_ms):.2f}",
        _pair(latencies),
        f"{100 * statistics.mean(log.cpu_s for log in both_fast.logs) / duration:.0f}",
        f"{rate(slow, 0):.1f}",
        f"{quantile(ages_ms(slow.logs[1]), 0.5):.1f}",
        f"{rate(killed, MOMENT):.1f}",
        f"{ages_ms(late.logs[1])[0]:.1f}" if late.logs[1].receipts else "–",
    ]


def ages_ms(log: ConsumerLog) -> list[float]:
    """Return the age of each frame when it was received."""
    return [1000 * (receipt.received_at - receipt.captured_at) for receipt in log.receipts]


def rate(run: FanOut, since: float) -> float:
    """Return the frames per second of the first consumer, from the share `since` of the run to its end."""
    begin = run.began_at + since * (run.ended_at - run.began_at)
    received = sum(begin <= receipt.received_at <= run.ended_at for receipt in run.logs[0].receipts)
    return received / (run.ended_at - begin)


def _pair(values: Sequence[float]) -> str:
    return f"{quantile(values, 0.5):.2f} / {quantile(values, 0.99):.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
