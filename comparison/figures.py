"""`python -m comparison.figures`: the figures of the README, measured as a viewer gets them, as a Markdown table."""

import argparse
import asyncio
import importlib
import os
import statistics
import time
from collections.abc import Sequence

import numpy as np

from common.runtime import Runtime
from comparison.app import RunningApp
from comparison.limits import hand_over_ms, memcpy_ms
from comparison.viewer import Sight, stall, watch

IMPLEMENTATIONS = ("multiprocessing", "threading")
WORKLOADS: dict[str, Sequence[str]] = {
    "30/15/5": (),
    "inference ×5": ("--infer-repeat", "5"),
    "100 ms of Python": ("--python-work-ms", "100"),
    "a session a frame": ("--session-per-frame",),
    "30/30/30": ("--ui-fps", "30", "--queue-fps", "30"),
}
SIZES = {"640×360": (360, 640, 3), "1920×1080": (1080, 1920, 3)}
VIEWERS, STALLED = 45, 5


def main() -> None:
    """Measure one thing after another and print each line as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of each run, after 3 s of warm-up")
    parser.add_argument("--source", default="sample")
    arguments = parser.parse_args()
    flags = ("--source", arguments.source)
    seconds: float = arguments.seconds
    print(f"{os.cpu_count()} cores, runs of {seconds:g} s, source {arguments.source}\n")
    print_header(
        "", "UI FPS", "interval p50 / p99 ms", "frame age p50 / p99 ms", "results/s", "inference p50 ms",
        "processing ÷ inference", "other CPU, % of a core", "memory MB", "first frame s",
    )  # fmt: skip
    for workload, more in WORKLOADS.items():
        for implementation in IMPLEMENTATIONS:
            run_one(f"{implementation}, {workload}", seconds, "--impl", implementation, *flags, *more)
    print_header("", "UI FPS of the slowest viewer", "interval p99 ms", "frame age p99 ms", "memory before → after MB")
    for implementation in IMPLEMENTATIONS:
        run_many(implementation, seconds, "--impl", implementation, *flags)
    print_header("LatestQueue", "put ms", "memcpy ms", "put ÷ memcpy", "put → consumer has it, ms")
    for implementation in IMPLEMENTATIONS:
        runtime: Runtime = importlib.import_module(f"{implementation}_impl").RUNTIME
        for size, shape in SIZES.items():
            image = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
            put, arrived = hand_over_ms(runtime, image)
            copy = memcpy_ms(image)
            print_row(f"{implementation}, {size}", f"{put:.2f}", f"{copy:.2f}", f"{put / copy:.1f}", f"{arrived:.2f}")


def run_one(name: str, seconds: float, *flags: str) -> None:
    """One app, one viewer."""
    with RunningApp(*flags) as app:
        asyncio.run(watch(app.url, 0, warm_up_s=0.01))
        first_frame_s = time.monotonic() - app.started
        asyncio.run(watch(app.url, 0, warm_up_s=3))
        cpu_before = app.cpu_s()
        sight = asyncio.run(watch(app.url, seconds, warm_up_s=0))
        cpu = (app.cpu_s() - cpu_before) / seconds
        memory = app.memory_mb()
    inference = sum(sight.inference_ms) / 1000 / seconds
    print_row(
        name,
        f"{sight.ui_fps:.2f}",
        both(sight.interval_ms),
        both(sight.frame_age_ms),
        f"{sight.results_fps:.1f}",
        f"{statistics.median(sight.inference_ms):.1f}",
        f"{statistics.median(sight.processing_ms) / statistics.median(sight.inference_ms):.2f}",
        f"{100 * (cpu - inference):.0f}",
        f"{memory:.0f}",
        f"{first_frame_s:.1f}",
    )


def run_many(implementation: str, seconds: float, *flags: str) -> None:
    """Many viewers, of whom some never read."""
    with RunningApp(*flags) as app:
        before, after, sights = asyncio.run(watch_together(app, seconds))
    slowest = min(sights, key=lambda sight: sight.ui_fps)
    print_row(
        f"{implementation}, {VIEWERS} viewers and {STALLED} that never read",
        f"{slowest.ui_fps:.2f}",
        f"{max(quantile(sight.interval_ms, 0.99) for sight in sights):.0f}",
        f"{max(quantile(sight.frame_age_ms, 0.99) for sight in sights):.0f}",
        f"{before:.0f} → {after:.0f}",
    )


async def watch_together(app: RunningApp, seconds: float) -> tuple[float, float, list[Sight]]:
    """Memory when all are there and at the end, and what each of the reading viewers saw."""
    stalled = [asyncio.create_task(stall(app.url, seconds + 5)) for _ in range(STALLED)]
    reading = [asyncio.create_task(watch(app.url, seconds, warm_up_s=5)) for _ in range(VIEWERS)]
    await asyncio.sleep(4)
    before = app.memory_mb()
    sights = await asyncio.gather(*reading)
    after = app.memory_mb()
    await asyncio.gather(*stalled)
    return before, after, sights


def both(values: list[float]) -> str:
    """p50 / p99."""
    return f"{quantile(values, 0.5):.1f} / {quantile(values, 0.99):.1f}"


def quantile(values: list[float], q: float) -> float:
    """The value at `q` (0 to 1), by nearest rank."""
    return sorted(values)[round(q * (len(values) - 1))]


def print_header(*cells: str) -> None:
    """A new table."""
    print()
    print_row(*cells)
    print_row(*["---"] * len(cells))


def print_row(*cells: str) -> None:
    """A row of the table, at once."""
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
