"""`bench viewers`: the cost of many viewers to the server, and of viewers that never read to the other viewers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import product

import psutil

from benchmark.cases import IMPLEMENTATIONS
from benchmark.errors import MeasuringError
from benchmark.measure.app import ROOT, RunningApp, memory_mb, next_line
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.viewer import TIMEOUT_S, ViewerProbe
from benchmark.progress import Progress
from benchmark.results import BenchmarkSettings, ViewerResult, ViewersResults, ViewersRun
from benchmark.suites.schedule import interleaved

COUNTS = (1, 10, 50)
MANY = 200
VIEWERS_PER_STALLED = 10  # one viewer in ten never reads


def run_all(
    settings: BenchmarkSettings, flags: Sequence[str], counts: Sequence[int], started_at: str
) -> ViewersResults:
    """Measure each implementation with each number of viewers. Raises MeasuringError."""
    environment = read_environment()
    cases = list(product(IMPLEMENTATIONS, counts))
    schedule = list(interleaved(cases, settings.repeats, settings.order_seed))
    named = ((scheduled, f"{scheduled[1][0]}, {scheduled[1][1]} viewers") for scheduled in schedule)
    runs = [
        run_one(implementation, count, flags, number, settings)
        for number, (implementation, count) in Progress(len(schedule)).track(named)
    ]
    return ViewersResults(started_at=started_at, environment=environment, settings=settings, runs=tuple(runs))


def run_one(
    implementation: str, count: int, flags: Sequence[str], number: int, settings: BenchmarkSettings
) -> ViewersRun:
    """Start the app and then its viewers. Raises MeasuringError."""
    stalled = count // VIEWERS_PER_STALLED
    with RunningApp(*flags, f"--impl={implementation}") as app:
        server = psutil.Process(asyncio.run(_server_pid(app)))
        memory_before = memory_mb(server)
        arguments = (app.url, count - stalled, stalled, settings.warm_up_s, settings.seconds)
        command = [sys.executable, "-m", "benchmark.measure.many_viewers", *map(str, arguments)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as viewers:
            try:
                _next_line(viewers, settings.warm_up_s)
                memory_begin = memory_mb(server)
                processes, measuring = app.processes(), psutil.Process(viewers.pid)
                before = cpu_times(processes, measuring)
                results = json.loads(_next_line(viewers, settings.seconds))
                usage = usage_between(before, cpu_times(processes, measuring))
                memory_end = memory_mb(server)
            finally:
                viewers.kill()
    return ViewersRun(
        implementation=implementation,
        viewers=count,
        stalled=stalled,
        round=number,
        seconds=settings.seconds,
        reading=tuple(
            ViewerResult(ui_fps=round(fps, 3), interval_p99_ms=round(interval, 2), frame_age_p99_ms=round(age, 2))
            for fps, interval, age in results
        ),
        server_cpu=round(usage.by_pid[server.pid], 4),
        server_memory_before_mb=round(memory_before, 1),
        server_memory_begin_mb=round(memory_begin, 1),
        server_memory_end_mb=round(memory_end, 1),
        background=usage.background,
    )


async def _server_pid(app: RunningApp) -> int:
    """Return the PID of the server, after the first detections. Raises MeasuringError."""
    async with ViewerProbe(app.url) as viewer:
        await viewer.first_result()
        stats = await viewer.stats_of("server")
    return int(stats["pid"])


def _next_line(viewers: "subprocess.Popen[str]", expected_s: float) -> str:
    line = next_line(viewers, expected_s + 2 * TIMEOUT_S)
    if not line:
        raise MeasuringError("the process of the viewers ended early; see its message above")
    return line
