"""`bench pipeline`: each run is the app as a user starts it, with one viewer over its websocket."""

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

from benchmark.cases import IMPLEMENTATIONS, WORKLOADS, Workload
from benchmark.measure.app import RunningApp, memory_mb
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.viewer import Observation, ViewerProbe
from benchmark.progress import Progress
from benchmark.results import Baseline, BenchmarkSettings, PipelineResults, PipelineRun, Samples
from benchmark.suites.schedule import interleaved
from common.config.settings import Settings
from common.model_zoo.resolve import resolve_model, resolve_source

HAND_OVER_FPS = 30
ROLES = ("server", "provider", "processor")
ALL_ROLES, PARENT = "all roles", "parent"  # keys of PipelineRun.cpu besides ROLES


def run_all(
    settings: BenchmarkSettings, app: Settings, flags: Sequence[str], rounds: int, started_at: str
) -> PipelineResults:
    """Measure the baseline, each step `rounds` times, then every case. Raises UserError and MeasuringError."""
    environment = read_environment()
    reference = measure_reference(
        resolve_source(app.cameras[0].source), resolve_model(app.processors[0].model), app.jpeg_quality, rounds
    )
    cases = list(product(IMPLEMENTATIONS, WORKLOADS))
    schedule = list(interleaved(cases, settings.repeats, settings.order_seed))
    named = ((scheduled, f"{scheduled[1][0]}, {scheduled[1][1].name}") for scheduled in schedule)
    runs = [
        asyncio.run(run_one(implementation, workload, flags, number, settings))
        for number, (implementation, workload) in Progress(len(schedule)).track(named)
    ]
    return PipelineResults(
        started_at=started_at,
        environment=environment,
        settings=settings,
        baseline=reference.baseline,
        put_ms=reference.put_ms,
        hand_over_ms=reference.hand_over_ms,
        runs=tuple(runs),
    )


class Reference(NamedTuple):
    """The baseline of the machine, and median times of the queues in isolation, by implementation."""

    baseline: Baseline
    put_ms: dict[str, float]
    hand_over_ms: dict[str, float]


def measure_reference(source: str, model: Path, jpeg_quality: int, rounds: int) -> Reference:
    """Measure in a process of its own, which then ends.

    OpenCV and onnxruntime loaded in this process would share pages with the app and halve their part of its PSS.
    """
    with ProcessPoolExecutor(
        1,
        get_context("spawn"),
        initializer=signal.signal,  # Ctrl-C ends it without a traceback
        initargs=(signal.SIGINT, signal.SIG_DFL),
    ) as pool:
        try:
            return pool.submit(measure_reference_here, source, model, jpeg_quality, rounds).result()
        except BaseException:
            for process in active_children():
                process.terminate()
            raise


def measure_reference_here(source: str, model: Path, jpeg_quality: int, rounds: int) -> Reference:
    """Measure each step `rounds` times. Raises SourceError, ModelError and MeasuringError."""
    from benchmark.measure.baseline import first_frame, measure_baseline  # loads OpenCV and onnxruntime
    from benchmark.measure.queue_timing import measure_queue, runtime_of

    image = first_frame(source)
    baseline = measure_baseline(image, model, jpeg_quality, rounds)
    idle = {
        name: measure_queue(runtime_of(name), image, HAND_OVER_FPS, rounds / HAND_OVER_FPS, busy_s=0)
        for name in IMPLEMENTATIONS
    }
    return Reference(
        baseline,
        {name: statistics.median(times.put_ms) for name, times in idle.items()},
        {name: statistics.median(times.hand_over_ms) for name, times in idle.items()},
    )


async def run_one(
    implementation: str, workload: Workload, flags: Sequence[str], number: int, settings: BenchmarkSettings
) -> PipelineRun:
    """Start the app, warm up, observe, stop the app. Raises MeasuringError."""
    with RunningApp(*flags, f"--impl={implementation}", *workload.flags()) as app:
        async with ViewerProbe(app.url) as viewer:
            await viewer.first_frame()
            first_frame_s = time.monotonic() - app.started
            await viewer.first_result()
            for role in ROLES:
                await viewer.stats_of(role)
            await viewer.warm_up(settings.warm_up_s)
            processes = app.processes()
            before = cpu_times(processes)
            observation = await viewer.observe(settings.seconds)
            usage = usage_between(before, cpu_times(processes))
        memory = sum(memory_mb(process) for process in processes)
    return PipelineRun(
        implementation=implementation,
        workload=workload.name,
        round=number,
        first_frame_s=round(first_frame_s, 3),
        cpu={name: round(cores, 4) for name, cores in cpu_by_role(usage.by_pid, observation).items()},
        memory_mb=round(memory, 1),
        background=usage.background,
        **samples_of(observation),
    )


def samples_of(observation: Observation) -> dict[str, Any]:
    """Return the fields of `PipelineRun` that one viewer observes."""
    first, last = (observation.stats[0], observation.stats[-1]) if observation.stats else ({}, {})
    return {
        "seconds": round(observation.seconds, 3),
        "interval_ms": rounded(observation.interval_ms),
        "frame_age_ms": rounded(observation.frame_age_ms),
        "inference_ms": rounded(observation.inference_ms),
        "processing_ms": rounded(observation.processing_ms),
        "gil_delay_p50_ms": _gauge_by_role(observation, "gil_delay_p50_ms"),
        "gil_delay_p99_ms": _gauge_by_role(observation, "gil_delay_p99_ms"),
        "queued": _increase("queued", first, last),
        "overwritten": _increase("overwritten", first, last),
    }


def rounded(values: Sequence[float]) -> Samples:
    """Round to 0.01: more digits are noise, and enlarge the file."""
    return tuple(round(value, 2) for value in values)


def _gauge_by_role(observation: Observation, name: str) -> dict[str, Samples]:
    values: dict[str, list[float]] = defaultdict(list)
    for stats in observation.stats[1:]:
        for role, gauges in stats["roles"].items():
            values[role].append(gauges[name])
    return {role: tuple(each) for role, each in sorted(values.items())}


def _increase(counter: str, first: dict[str, Any], last: dict[str, Any]) -> int:
    return round(_count(last, counter) - _count(first, counter))


def _count(stats: dict[str, Any], counter: str) -> float:
    return float(stats.get("counters", {}).get(counter, 0))


def cpu_by_role(by_pid: Mapping[int, float], observation: Observation) -> dict[str, float]:
    """Return cores by role. Processes without a role, such as the resource tracker, are added to the parent."""
    roles: dict[int, list[str]] = defaultdict(list)
    for role, gauges in (observation.stats[-1]["roles"] if observation.stats else {}).items():
        roles[int(gauges["pid"])].append(role)
    cores: dict[str, float] = defaultdict(float)
    for pid, used in by_pid.items():
        match roles[pid]:
            case []:
                cores[PARENT] += used
            case [role]:
                cores[role] += used
            case _:
                cores[ALL_ROLES] += used
    return dict(cores)
