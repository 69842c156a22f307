"""`bench viewers`: the cost of many viewers to the server, and of viewers that never read to the other viewers."""

import asyncio
from collections.abc import Sequence
from itertools import product

import psutil

from benchmark.cases import IMPLEMENTATIONS
from benchmark.measure.app import RunningApp, memory_mb
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.viewer import ViewerProbe
from benchmark.measure.viewer_process import ViewerProcess
from benchmark.progress import Progress
from benchmark.results import BenchmarkSettings, ViewersResults, ViewersRun
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
        with ViewerProcess(
            [app.url],
            reading=count - stalled,
            stalled=stalled,
            warm_up_s=settings.warm_up_s,
            seconds=settings.seconds,
        ) as viewers:
            viewers.wait_until_warm()
            memory_begin = memory_mb(server)
            processes = app.processes()
            before = cpu_times(processes, viewers.process)
            results = viewers.results()
            usage = usage_between(before, cpu_times(processes, viewers.process))
            memory_end = memory_mb(server)
    return ViewersRun(
        implementation=implementation,
        viewers=count,
        stalled=stalled,
        round=number,
        seconds=settings.seconds,
        reading=results,
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
