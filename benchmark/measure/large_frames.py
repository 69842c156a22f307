"""The app on clips with large frames: `python -m benchmark.measure.large_frames CLIP …`.

Prints what a viewer of each implementation receives, and the CPU time of the provider for each frame that it reads,
beside that of decoding alone. Decoding alone is measured before and after the app, at the same rate.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmark.cases import IMPLEMENTATION_LABELS, IMPLEMENTATIONS
from benchmark.measure.app import RunningApp
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.viewer import ViewerProbe
from benchmark.quantile import quantile
from common.capture.opencv_capture import Capture, open_capture, rewind
from common.pacing import Ticker

READ_FPS = 30.0  # the default of capture_fps
WARM_UP_S = 3.0
COLUMNS = (
    "implementation",
    "decoding alone, ms CPU a frame",
    "provider, ms CPU a frame",
    "ratio",
    "UI FPS",
    "interval p50 / p99, ms",
    "other programs, % of the machine",
)


@dataclass(frozen=True)
class LargeFramesRun:
    """What one run of the app gave. `provider_ms` is CPU time for each frame read, None where roles share a process."""

    provider_ms: float | None
    ui_fps: float
    interval_p50_ms: float
    interval_p99_ms: float
    others: float


def main(argv: Sequence[str]) -> int:
    """Print a Markdown table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.measure.large_frames", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="duration of each run (default: 20)")
    parser.add_argument("clips", nargs="+", metavar="CLIP")
    arguments = parser.parse_args(argv)
    print(f"| clip | {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * (len(COLUMNS) - 1)}")
    for clip in arguments.clips:
        before_ms = decoding_ms(clip, arguments.seconds / 4)
        runs = {name: asyncio.run(run_app(clip, name, arguments.seconds)) for name in IMPLEMENTATIONS}
        decoding = statistics.mean((before_ms, decoding_ms(clip, arguments.seconds / 4)))
        for name, run in runs.items():
            cells = [Path(clip).name, IMPLEMENTATION_LABELS[name], f"{decoding:.1f}", *cells_of(run, decoding)]
            print(f"| {' | '.join(cells)} |", flush=True)
    return 0


def decoding_ms(clip: str, seconds: float) -> float:
    """Return the CPU time that decoding a frame takes when READ_FPS are decoded a second, in ms."""
    capture = open_capture(clip)
    frame_count = max(1, round(seconds * READ_FPS))
    decode(capture)  # opens the decoder
    ticker, started_s = Ticker(READ_FPS), time.process_time()
    for _ in range(frame_count):
        time.sleep(ticker.delay_s())
        decode(capture)
    return 1000 * (time.process_time() - started_s) / frame_count


def decode(capture: Capture) -> None:
    """Decode the next frame, after the last one the first."""
    if not capture.grab():
        rewind(capture)
        capture.grab()


async def run_app(clip: str, implementation: str, seconds: float) -> LargeFramesRun:
    """Start the app on `clip`, warm up, observe, stop the app. Raises MeasuringError."""
    with RunningApp(f"--source={clip}", f"--capture-fps={READ_FPS:g}", f"--impl={implementation}") as app:
        async with ViewerProbe(app.url) as viewer:
            await viewer.first_result()
            provider = int((await viewer.stats_of("provider"))["pid"])
            await viewer.warm_up(WARM_UP_S)
            processes = app.processes()
            before = cpu_times(processes)
            observed = await viewer.observe(seconds)
            usage = usage_between(before, cpu_times(processes))
    captured_fps = statistics.mean(stats["rates"]["captured"] for stats in observed.stats[1:])
    is_alone = provider != app.pid
    return LargeFramesRun(
        1000 * usage.by_pid[provider] / captured_fps if is_alone else None,
        observed.ui_fps,
        quantile(observed.interval_ms, 0.5),
        quantile(observed.interval_ms, 0.99),
        usage.background.others,
    )


def cells_of(run: LargeFramesRun, decoding: float) -> list[str]:
    """Return the cells of a row behind that of decoding alone, which takes `decoding` ms a frame."""
    provider = (
        ("–", "–") if run.provider_ms is None else (f"{run.provider_ms:.1f}", f"{run.provider_ms / decoding:.2f}")
    )
    intervals = f"{run.interval_p50_ms:.1f} / {run.interval_p99_ms:.1f}"
    return [*provider, f"{run.ui_fps:.2f}", intervals, f"{100 * run.others:.0f}"]


if __name__ == "__main__":
    cv2.setNumThreads(1)  # as in the app
    sys.exit(main(sys.argv[1:]))
