"""`bench viewers`: what many viewers cost the server, and what those that never read cost the others."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import product

import psutil

from benchmark.cases import IMPLEMENTATIONS, interleaved
from benchmark.errors import MeasuringError
from benchmark.measure.app import ROOT, RunningApp, memory_mb, next_line
from benchmark.measure.cpu_usage import cpu_times, load_between
from benchmark.measure.environment import look_around
from benchmark.measure.viewer import PATIENCE_S, Viewer
from benchmark.progress import Progress
from benchmark.results import Settings, ViewersResults, ViewersRun, Watched

COUNTS = (1, 10, 50)
MANY = 200
STALLED_SHARE = 10  # one viewer in ten never reads


def run_all(settings: Settings, flags: Sequence[str], counts: Sequence[int], started_at: str) -> ViewersResults:
    """Every implementation with every count of viewers."""
    environment = look_around()
    plan = list(interleaved(list(product(IMPLEMENTATIONS, counts)), settings.repeats, settings.order_seed))
    named = ((planned, f"{planned[1][0]}, {planned[1][1]} viewers") for planned in plan)
    runs = [
        run_one(implementation, count, flags, number, settings)
        for number, (implementation, count) in Progress(len(plan)).follow(named)
    ]
    return ViewersResults(started_at=started_at, environment=environment, settings=settings, runs=tuple(runs))


def run_one(implementation: str, count: int, flags: Sequence[str], number: int, settings: Settings) -> ViewersRun:
    """Start the app and then its viewers. Raises MeasuringError."""
    stalled = count // STALLED_SHARE
    with RunningApp(*flags, f"--impl={implementation}") as app:
        server = psutil.Process(asyncio.run(_server_pid(app)))
        memory_before = memory_mb(server)
        words = (app.url, count - stalled, stalled, settings.warm_up_s, settings.seconds)
        command = [sys.executable, "-m", "benchmark.measure.many_viewers", *map(str, words)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as crowd:
            try:
                _next_line(crowd, settings.warm_up_s)
                memory_begin = memory_mb(server)
                processes, measuring = app.processes(), psutil.Process(crowd.pid)
                before = cpu_times(processes, measuring)
                seen = json.loads(_next_line(crowd, settings.seconds))
                load = load_between(before, cpu_times(processes, measuring))
                memory_end = memory_mb(server)
            finally:
                crowd.kill()  # it has said all
    return ViewersRun(
        implementation=implementation,
        viewers=count,
        stalled=stalled,
        round=number,
        seconds=settings.seconds,
        reading=tuple(
            Watched(ui_fps=round(fps, 3), interval_p99_ms=round(interval, 2), frame_age_p99_ms=round(age, 2))
            for fps, interval, age in seen
        ),
        server_cpu=round(load.by_pid[server.pid], 4),
        server_memory_before_mb=round(memory_before, 1),
        server_memory_begin_mb=round(memory_begin, 1),
        server_memory_end_mb=round(memory_end, 1),
        surroundings=load.surroundings,
    )


async def _server_pid(app: RunningApp) -> int:
    """The process of the server; known when the app has found its pace. Raises MeasuringError."""
    async with Viewer(app.url) as viewer:
        await viewer.first_result()
        stats = await viewer.stats_of("server")
    return int(stats["pid"])


def _next_line(crowd: "subprocess.Popen[str]", expected_s: float) -> str:
    line = next_line(crowd, expected_s + 2 * PATIENCE_S)
    if not line:
        raise MeasuringError("the viewers ended early; see their message above")
    return line
