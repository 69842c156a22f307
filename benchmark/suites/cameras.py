"""`bench cameras`: the number of cameras that each implementation holds, with one viewer of each."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

from benchmark.cases import IMPLEMENTATIONS, WORKLOADS_BY_NAME, Workload
from benchmark.measure.app import RunningApp, memory_mb
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.viewer_process import ViewerProcess
from benchmark.progress import Progress
from benchmark.results import BenchmarkSettings, CamerasResults, CamerasRun
from benchmark.suites.schedule import interleaved
from common.config.settings import Settings

WORKLOADS = tuple(WORKLOADS_BY_NAME[name] for name in ("none", "inference ×5", "Python 50 ms"))
LADDER = (1, 2, 4, 8, 12, 16, 24, 32)
RATE_TOLERANCE_FPS = 0.2
MIN_RESULTS = 0.95  # of the processor rate
MAX_PERIODS = 1.6  # interval p99


def failures(run: CamerasRun, settings: BenchmarkSettings) -> list[str]:
    """Return the figures that a camera did not keep: UI rate, processor rate, even intervals."""
    kept = {
        "UI FPS": all(abs(each.ui_fps - settings.ui_fps) <= RATE_TOLERANCE_FPS for each in run.viewers),
        "results/s": all(each.results_per_s >= MIN_RESULTS * settings.queue_fps for each in run.viewers),
        "interval p99": all(each.interval_p99_ms <= MAX_PERIODS * 1000 / settings.ui_fps for each in run.viewers),
    }
    return [figure for figure, is_kept in kept.items() if not is_kept]


def run_all(settings: BenchmarkSettings, app: Settings, flags: Sequence[str], started_at: str) -> CamerasResults:
    """Search the number of cameras for each implementation and workload. Raises MeasuringError."""
    environment = read_environment()
    source, flags = app.cameras[0].source, without_source(flags)
    cases = list(product(IMPLEMENTATIONS, WORKLOADS))
    schedule = [case for _, case in interleaved(cases, 1, settings.order_seed)]
    named = ((case, f"{case[0]}, {case[1].name}") for case in schedule)
    runs: list[CamerasRun] = []
    for implementation, workload in Progress(len(schedule)).track(named):
        measure = partial(run_one, implementation, workload, source, flags, settings)
        runs += search(measure, lambda run: not failures(run, settings), settings.repeats)
    return CamerasResults(started_at=started_at, environment=environment, settings=settings, runs=tuple(runs))


def search(
    measure: Callable[[int, int], CamerasRun], holds: Callable[[CamerasRun], bool], tries: int
) -> Iterator[CamerasRun]:
    """Yield the runs of a search for the largest number that holds: up LADDER, then by bisection.

    `measure` takes the number of cameras and the number of the try. A number that fails is tried again.
    """

    def tried(count: int) -> Iterator[CamerasRun]:
        for number in range(1, tries + 1):
            yield (run := measure(count, number))
            if holds(run):
                return

    low, high = 0, 0
    for count in LADDER:
        yield from (runs := list(tried(count)))
        if not holds(runs[-1]):
            high = count
            break
        low = count
    while high - low > 1:
        middle = (low + high) // 2
        yield from (runs := list(tried(middle)))
        low, high = (middle, high) if holds(runs[-1]) else (low, middle)


def run_one(
    implementation: str,
    workload: Workload,
    source: str,
    flags: Sequence[str],
    settings: BenchmarkSettings,
    count: int,
    number: int,
) -> CamerasRun:
    """Start the app with `count` cameras and a viewer of each, warm up, observe, stop. Raises MeasuringError."""
    names = [f"c{camera}" for camera in range(1, count + 1)]
    sources = [f"--source={name}={source}" for name in names]
    with RunningApp(*flags, *sources, f"--impl={implementation}", *workload.flags()) as app:
        urls = [f"{app.url}?camera={name}" for name in names]
        with ViewerProcess(urls, reading=count, warm_up_s=settings.warm_up_s, seconds=settings.seconds) as viewers:
            viewers.wait_until_warm()
            processes = app.processes()
            before = cpu_times(processes, viewers.process)
            results = viewers.results()
            usage = usage_between(before, cpu_times(processes, viewers.process))
            memory = sum(memory_mb(process) for process in processes)
    return CamerasRun(
        implementation=implementation,
        workload=workload.name,
        round=number,
        seconds=settings.seconds,
        viewers=results,
        cpu=round(sum(usage.by_pid.values()), 4),
        memory_mb=round(memory, 1),
        background=usage.background,
    )


def without_source(flags: Sequence[str]) -> list[str]:
    """Return the flags without --source and its value."""
    kept: list[str] = []
    words = iter(flags)
    for word in words:
        if word == "--source":
            next(words, None)
        elif not word.startswith("--source="):
            kept.append(word)
    return kept
