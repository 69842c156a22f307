"""The report of `bench pipeline`: rate, intervals, GIL delay, CPU, memory, ages, ratios to the baseline."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from benchmark.cases import IMPLEMENTATION_LABELS, IMPLEMENTATIONS, NO_LOAD, WORKLOADS
from benchmark.report import charts
from benchmark.report.diagnosis import KEPT_RATE, STUTTER_PERIODS, cause_of, video_delay
from benchmark.report.figures import CaseKey, Figures, summarise
from benchmark.report.report import Chart, Section, Table
from benchmark.report.tables import table
from benchmark.results import PipelineResults
from benchmark.suites.pipeline import ALL_ROLES, PARENT

NAMES = ("implementation", "workload")
Summary = Mapping[CaseKey, Figures]


def sections(results: PipelineResults) -> list[Section]:
    """Return one section for each question."""
    figures = summarise(results)
    return [
        _ui_rate(figures, results.settings.ui_fps),
        _intervals(figures, results),
        _gil_delay(figures, results),
        _cpu(figures),
        _memory(figures),
        Section(
            "Frame age and inference time",
            "In ms. Frame age: from the capture to the viewer's socket. Processing: pre-processing, inference and "
            "post-processing.",
            table=table(
                NAMES,
                figures,
                [f"{what} p{q}" for what in ("frame age", "inference", "processing") for q in (50, 95, 99)],
            ),
        ),
        Section(
            "Ratios to the baseline",
            "1.00 is the best possible. The baseline was measured in the same run (below).",
            table=table(NAMES, figures, [name for name in next(iter(figures.values())) if "÷" in name]),
        ),
        Section("Baseline of this machine", "Each step in isolation.", table=_baseline_table(results)),
    ]


def _ui_rate(figures: Summary, ui_fps: float) -> Section:
    processes, threads = (min(_by_workload(figures, name, "UI FPS").values()) for name in IMPLEMENTATIONS)
    return Section(
        "UI rate at a viewer",
        f"Frames per second received; {ui_fps:g} were requested (dashed).",
        f"Lowest of all workloads: processes {processes:.2f} FPS, threads {threads:.2f} FPS.",
        Chart("ui-rate", charts.bars(_series(figures, "UI FPS"), "frames per second", charts.COLOURS, ui_fps)),
        table(NAMES, figures, ("UI FPS", "UI FPS, worst run", "results/s", "puts", "overwritten %")),
    )


def _intervals(figures: Summary, results: PipelineResults) -> Section:
    period_ms = 1000 / results.settings.ui_fps
    processes, threads = (_maximum(_by_workload(figures, name, "interval p99")) for name in IMPLEMENTATIONS)
    return Section(
        "Interval between frames",
        f"Time between two frames at the viewer, in ms; {period_ms:.1f} is even (dashed). Box: quartiles and median; "
        "whiskers: p1 and p99; dot: maximum.",
        f"Longest p99: processes {processes[0]:.0f} ms ({processes[1]}), threads {threads[0]:.0f} ms ({threads[1]}).",
        Chart("intervals", charts.boxes(_interval_samples(results), "ms between two frames", period_ms)),
        table(NAMES, figures, ("interval p50", "interval p95", "interval p99", "interval max")),
    )


def _gil_delay(figures: Summary, results: PipelineResults) -> Section:
    ui_fps, quick = results.settings.ui_fps, results.settings.quick
    gil_is_enabled = any(results.environment.gil.values())
    with_cause = {(*case, str(cause_of(values, ui_fps, gil_is_enabled))): values for case, values in figures.items()}
    without_load = [video_delay(figures[name, NO_LOAD]) for name in IMPLEMENTATIONS]
    worst = [max(video_delay(figures[name, workload.name]) for workload in WORKLOADS) for name in IMPLEMENTATIONS]
    return Section(
        "Wait for the GIL",
        "A thread in each role requests a wake-up 50 times per second and records how late it runs, in ms. Video: the "
        "longer delay of provider and server, which a frame passes.",
        f"Video, p99 without load and at most: processes {without_load[0]:.1f} and {worst[0]:.1f} ms, threads "
        f"{without_load[1]:.1f} and {worst[1]:.1f} ms. Cause: why a case received less than {KEPT_RATE:.0%} of the UI "
        f"rate, or had an interval p99 above {STUTTER_PERIODS:g} periods.",
        Chart("gil-delay", charts.bars(_delay_series(figures), "ms, p99 of a second", DELAY_COLOURS)),
        table(
            NAMES if quick else (*NAMES, "cause"),
            figures if quick else with_cause,
            [f"GIL delay {role} p99" for role in ("provider", "server", "processor")],
        ),
    )


def _cpu(figures: Summary) -> Section:
    processes, threads = (figures[name, NO_LOAD] for name in IMPLEMENTATIONS)
    return Section(
        "CPU",
        "Beyond inference: without the CPU time of session.run.",
        f"Without load: processes {processes['CPU %']:.0f} % of a core, {processes['CPU beyond inference %']:.0f} % "
        f"beyond inference; threads {threads['CPU %']:.0f} %, {threads['CPU beyond inference %']:.0f} %.",
        Chart("cpu", charts.stacked(_cpu_series(figures), "% of one core", CPU_COLOURS)),
        table(NAMES, figures, ("CPU %", "CPU beyond inference %", "measuring CPU %", "others %", "machine %")),
    )


def _memory(figures: Summary) -> Section:
    processes, threads = (figures[name, NO_LOAD] for name in IMPLEMENTATIONS)
    return Section(
        "Memory and start",
        "Proportional set size of all processes, and the time from the start to the first frame at the viewer.",
        f"Without load: processes {processes['memory MB']:.0f} MB, {processes['first frame s']:.1f} s; threads "
        f"{threads['memory MB']:.0f} MB, {threads['first frame s']:.1f} s.",
        Chart("memory", charts.bars(_series(figures, "memory MB"), "MB, all processes", charts.COLOURS)),
        table(NAMES, figures, ("memory MB", "first frame s")),
    )


def _baseline_table(results: PipelineResults) -> Table:
    best, threads = results.baseline, results.environment.threads["onnxruntime"]
    rows = [
        [f"session.run of {results.settings.model}, {threads} thread(s)", f"{best.session_run_ms:.2f} ms"],
        [f"JPEG encoding ({best.width}×{best.height}, {best.jpeg_bytes / 1000:.0f} kB)", _ms(best.encode_ms)],
        ["memcpy of a frame", _ms(best.memcpy_ms)],
        ["round trip of an empty websocket message", _ms(best.echo_ms)],
    ]
    for implementation in IMPLEMENTATIONS:
        put = results.put_ms[implementation]
        rows.append([f"LatestQueue.put, {implementation}", f"{_ms(put)}, {put / best.memcpy_ms:.2f} × memcpy"])
        rows.append([f"put to idle consumer, {implementation}", _ms(results.hand_over_ms[implementation])])
    return Table(("", "median"), rows)


def _ms(value: float) -> str:
    return f"{value:.3f} ms"


def _by_workload(figures: Summary, implementation: str, figure: str) -> dict[str, float]:
    return {workload.name: figures[implementation, workload.name][figure] for workload in WORKLOADS}


def _maximum(by_workload: Mapping[str, float]) -> tuple[float, str]:
    """Return the highest value and its workload."""
    workload = max(by_workload, key=by_workload.__getitem__)
    return by_workload[workload], workload


def _series(figures: Summary, figure: str) -> dict[str, dict[str, float]]:
    return {IMPLEMENTATION_LABELS[name]: _by_workload(figures, name, figure) for name in IMPLEMENTATIONS}


def _interval_samples(results: PipelineResults) -> dict[str, dict[str, Sequence[float]]]:
    def pooled(case: CaseKey) -> list[float]:
        runs = (run for run in results.runs if (run.implementation, run.workload) == case)
        return list(chain.from_iterable(run.interval_ms for run in runs))

    return {
        IMPLEMENTATION_LABELS[name]: {workload.name: pooled((name, workload.name)) for workload in WORKLOADS}
        for name in IMPLEMENTATIONS
    }


DELAY_COLOURS = {
    "processes, video": charts.PROCESSES,
    "processes, processor": charts.THIRD,
    "threads, video": charts.THREADS,
}


def _delay_series(figures: Summary) -> dict[str, dict[str, float]]:
    """With processes the processor has its own GIL; with threads all roles share one."""

    def by_workload(implementation: str, delay: Callable[[Figures], float]) -> dict[str, float]:
        return {workload.name: delay(figures[implementation, workload.name]) for workload in WORKLOADS}

    values = (
        by_workload("multiprocessing", video_delay),
        by_workload("multiprocessing", lambda each: each["GIL delay processor p99"]),
        by_workload("threading", video_delay),
    )
    return dict(zip(DELAY_COLOURS, values, strict=True))


CPU_COLOURS = {
    "server": charts.PROCESSES,
    "provider": charts.THIRD,
    "processor": charts.FOURTH,
    PARENT: charts.FIFTH,
    ALL_ROLES: charts.THREADS,
}


def _cpu_series(figures: Summary) -> dict[str, dict[str, float]]:
    """Return CPU by role, then by case."""
    return {
        role: {
            f"{workload.name}, {IMPLEMENTATION_LABELS[name]}": figures[name, workload.name].get(f"CPU {role} %", 0)
            for workload in WORKLOADS
            for name in IMPLEMENTATIONS
        }
        for role in CPU_COLOURS
    }
