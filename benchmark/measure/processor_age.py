"""The age of frames at the processor, by processes and by nodes: `python -m benchmark.measure.processor_age CLIP …`.

Prints a Markdown table. The nodes are those of a camera, a processor and a server on this machine, with mutual TLS over
loopback: their ages include the encoding and the decoding of a JPEG. Both have a viewer.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.measure.app import RunningApp
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.nodes import running_nodes
from benchmark.measure.viewer import Observation, ViewerProbe
from benchmark.quantile import quantile
from common.server.window import WINDOW_S

WARM_UP_S = 2 * WINDOW_S  # then no window has the first frames
COLUMNS = ("clip", "implementation", "age p50 / p99, ms", "results/s", "other programs, % of the machine")


@contextmanager
def processes(clip: str) -> Iterator[list[RunningApp]]:
    """Run the app, with all roles on this machine."""
    with RunningApp(f"--source={clip}", "--impl=multiprocessing") as app:
        yield [app]


@contextmanager
def nodes(clip: str) -> Iterator[list[RunningApp]]:
    """Run the nodes, that of the server first."""
    with running_nodes((), clip, cameras=1, servers=1) as (running, _):
        yield [node.app for node in running]


WAYS: dict[str, Callable[[str], AbstractContextManager[list[RunningApp]]]] = {
    "processes, shared memory": processes,
    "nodes, mutual TLS": nodes,
}


@dataclass(frozen=True)
class AgeRun:
    """Of the windows of WINDOW_S in a run, the median of the p50 and the largest p99; `others` is a share."""

    age_p50_ms: float
    age_p99_ms: float
    results_per_s: float
    others: float

    @classmethod
    def of(cls, observed: Observation, others: float) -> "AgeRun":
        """Return the figures of what a viewer observed."""
        windows = [stats["percentiles"] for stats in observed.stats]
        ages = [window["processor_age_ms"] for window in windows if "processor_age_ms" in window]
        return cls(
            age_p50_ms=quantile([age["p50"] for age in ages], 0.5),
            age_p99_ms=max(age["p99"] for age in ages),
            results_per_s=len(observed.processing_ms) / observed.seconds,
            others=others,
        )

    def cells(self) -> list[str]:
        """Return the last cells of a row."""
        return [
            f"{self.age_p50_ms:.1f} / {self.age_p99_ms:.1f}",
            f"{self.results_per_s:.1f}",
            f"{100 * self.others:.0f}",
        ]


def main(argv: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmark.measure.processor_age", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="duration of each run (default: 30)")
    parser.add_argument("clips", nargs="+", metavar="CLIP")
    arguments = parser.parse_args(argv)
    print(f"| {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * (len(COLUMNS) - 2)}")
    for clip in arguments.clips:
        for name in WAYS:
            run = asyncio.run(measure(name, clip, arguments.seconds))
            print(f"| {' | '.join((Path(clip).name, name, *run.cells()))} |", flush=True)
    return 0


async def measure(way: str, clip: str, seconds: float) -> AgeRun:
    """Start the apps of one of WAYS, warm up, observe, stop. Raises MeasuringError."""
    with WAYS[way](clip) as apps:
        async with ViewerProbe(apps[0].url) as viewer:
            await viewer.first_result()
            await viewer.warm_up(WARM_UP_S)
            started = [process for app in apps for process in app.processes()]
            before = cpu_times(started)
            observed = await viewer.observe(seconds)
            return AgeRun.of(observed, usage_between(before, cpu_times(started)).background.others)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
