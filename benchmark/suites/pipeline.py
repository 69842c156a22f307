"""`bench pipeline`: one run is a real app as a user starts it, and one viewer over the real websocket."""

import asyncio
import signal
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.cases import IMPLEMENTATIONS, WORKLOADS, Workload, interleaved
from benchmark.measure.app import RunningApp, memory_mb
from benchmark.measure.cpu_usage import cpu_times, load_between
from benchmark.measure.environment import look_around
from benchmark.measure.viewer import Sight, Viewer
from benchmark.progress import Progress
from benchmark.results import Limits, PipelineResults, PipelineRun, Samples, Settings
from common.config.settings import Settings as AppSettings
from common.model_zoo.resolve import resolve_model, resolve_source

HAND_OVER_FPS = 30
ROLES = ("server", "provider", "processor")
ONE_PROCESS, PARENT = "all roles", "parent"


def run_all(
    settings: Settings, app: AppSettings, flags: Sequence[str], rounds: int, started_at: str
) -> PipelineResults:
    """The limits of the machine, then every run. `rounds` is how often each limit is measured."""
    environment = look_around()
    yardstick = measure_apart(resolve_source(app.source), resolve_model(app.model), app.jpeg_quality, rounds)
    cells = list(product(IMPLEMENTATIONS, WORKLOADS))
    plan = list(interleaved(cells, settings.repeats, settings.order_seed))
    named = ((planned, f"{planned[1][0]}, {planned[1][1].name}") for planned in plan)
    runs = [
        asyncio.run(run_one(implementation, workload, flags, number, settings))
        for number, (implementation, workload) in Progress(len(plan)).follow(named)
    ]
    return PipelineResults(
        started_at=started_at,
        environment=environment,
        settings=settings,
        limits=yardstick.limits,
        put_ms=yardstick.put_ms,
        hand_over_ms=yardstick.hand_over_ms,
        runs=tuple(runs),
    )


class Yardstick(NamedTuple):
    """What the machine can do at best, and the queues alone, by implementation."""

    limits: Limits
    put_ms: dict[str, float]
    hand_over_ms: dict[str, float]


def measure_apart(source: str, model: Path, jpeg_quality: int, rounds: int) -> Yardstick:
    """`measure_yardstick` in a process of its own: what OpenCV and onnxruntime have in memory here would be shared with
    the app, and counted to it by half.
    """
    with ProcessPoolExecutor(
        1,
        get_context("spawn"),
        initializer=signal.signal,  # so that it ends at a Ctrl-C without a word
        initargs=(signal.SIGINT, signal.SIG_DFL),
    ) as apart:
        try:
            return apart.submit(measure_yardstick, source, model, jpeg_quality, rounds).result()
        except BaseException:
            for process in active_children():
                process.terminate()
            raise


def measure_yardstick(source: str, model: Path, jpeg_quality: int, rounds: int) -> Yardstick:
    """`rounds` of everything. Raises SourceError, ModelError and MeasuringError."""
    from benchmark.measure import baseline as limits  # loads OpenCV and onnxruntime: see measure_apart
    from benchmark.measure.queue_timing import measure, runtime_of

    image = limits.first_image(source)
    best = limits.best(image, model, jpeg_quality, rounds)
    idle = {
        name: measure(runtime_of(name), image, HAND_OVER_FPS, rounds / HAND_OVER_FPS, taking_s=0)
        for name in IMPLEMENTATIONS
    }
    return Yardstick(
        best,
        {name: statistics.median(passage.put_ms) for name, passage in idle.items()},
        {name: statistics.median(passage.hand_over_ms) for name, passage in idle.items()},
    )


async def run_one(
    implementation: str, workload: Workload, flags: Sequence[str], number: int, settings: Settings
) -> PipelineRun:
    """Start the app, warm it up, watch it, end it. Raises MeasuringError."""
    with RunningApp(*flags, f"--impl={implementation}", *workload.flags()) as app:
        async with Viewer(app.url) as viewer:
            await viewer.first_frame()
            first_frame_s = time.monotonic() - app.started
            await viewer.first_result()
            for role in ROLES:
                await viewer.stats_of(role)
            await viewer.warm_up(settings.warm_up_s)
            processes = app.processes()
            before = cpu_times(processes)
            sight = await viewer.observe(settings.seconds)
            load = load_between(before, cpu_times(processes))
        memory = sum(memory_mb(process) for process in processes)
    return PipelineRun(
        implementation=implementation,
        workload=workload.name,
        round=number,
        first_frame_s=round(first_frame_s, 3),
        cpu={name: round(cores, 4) for name, cores in by_role(load.by_pid, sight).items()},
        memory_mb=round(memory, 1),
        surroundings=load.surroundings,
        **noted(sight),
    )


def noted(sight: Sight) -> dict[str, Any]:
    """What a viewer saw, as it is written down."""
    first, last = (sight.stats[0], sight.stats[-1]) if sight.stats else ({}, {})
    return {
        "seconds": round(sight.seconds, 3),
        "interval_ms": rounded(sight.interval_ms),
        "frame_age_ms": rounded(sight.frame_age_ms),
        "inference_ms": rounded(sight.inference_ms),
        "processing_ms": rounded(sight.processing_ms),
        "gil_delay_p50_ms": _of_each_role(sight, "gil_delay_p50_ms"),
        "gil_delay_p99_ms": _of_each_role(sight, "gil_delay_p99_ms"),
        "queued": _grown("queued", first, last),
        "overwritten": _grown("overwritten", first, last),
    }


def rounded(values: Sequence[float]) -> Samples:
    """To a hundredth: a clock on a busy machine says no more, and the file stays small."""
    return tuple(round(value, 2) for value in values)


def _of_each_role(sight: Sight, name: str) -> dict[str, Samples]:
    values: dict[str, list[float]] = defaultdict(list)
    for stats in sight.stats[1:]:
        for role, gauges in stats["roles"].items():
            values[role].append(gauges[name])
    return {role: tuple(each) for role, each in sorted(values.items())}


def _grown(counter: str, first: dict[str, Any], last: dict[str, Any]) -> int:
    return round(_count(last, counter) - _count(first, counter))


def _count(stats: dict[str, Any], counter: str) -> float:
    return float(stats.get("counters", {}).get(counter, 0))


def by_role(by_pid: Mapping[int, float], sight: Sight) -> dict[str, float]:
    """Cores by the role that a process runs; what runs none, the resource tracker too, counts to the parent."""
    roles: dict[int, list[str]] = defaultdict(list)
    for role, gauges in (sight.stats[-1]["roles"] if sight.stats else {}).items():
        roles[int(gauges["pid"])].append(role)
    cores: dict[str, float] = defaultdict(float)
    for pid, used in by_pid.items():
        match roles[pid]:
            case []:
                cores[PARENT] += used
            case [role]:
                cores[role] += used
            case _:
                cores[ONE_PROCESS] += used
    return dict(cores)
