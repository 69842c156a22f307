"""The report of `bench cameras`: how many cameras are held, and what the worst camera gets at each number."""

from collections.abc import Mapping

from benchmark.cases import IMPLEMENTATION_LABELS, IMPLEMENTATIONS
from benchmark.report.charts import COLOURS, Curve, bars, curves
from benchmark.report.diagnosis import FULL_MACHINE
from benchmark.report.figures import CaseKey, Figures, summarise
from benchmark.report.report import Chart, Section, Table
from benchmark.report.tables import table
from benchmark.results import CamerasResults
from benchmark.suites.cameras import MAX_PERIODS, MIN_RESULTS, RATE_TOLERANCE_FPS, WORKLOADS, failures

NAMES = ("cameras", "implementation", "workload")
DASHES = dict(zip((workload.name for workload in WORKLOADS), ((), (5, 2), (1.5, 1.5)), strict=True))
ACROSS = "cameras"


def sections(results: CamerasResults) -> list[Section]:
    """Return a section for the number of cameras, and one for each figure over the number."""
    figures = summarise(results)
    rate, cores = results.settings.ui_fps, results.environment.usable_cores
    limit_ms, results_per_s = MAX_PERIODS * 1000 / rate, results.settings.queue_fps
    return [
        _held(figures, results),
        Section(
            "UI rate of the worst camera",
            f"Frames per second at its viewer. Rings: more than {FULL_MACHINE} % of the machine was used.",
            chart=Chart("worst-rate", curves(_curves(figures, "UI FPS"), ACROSS, "frames per second", rate)),
        ),
        Section(
            "Results of the worst camera",
            "Detections per second; one processor serves all cameras.",
            chart=Chart(
                "worst-results", curves(_curves(figures, "results/s"), ACROSS, "results per second", results_per_s)
            ),
        ),
        Section(
            "Interval p99 of the worst camera",
            f"The dashed line is the limit, {MAX_PERIODS:g} periods.",
            chart=Chart(
                "worst-interval",
                curves(_curves(figures, "interval p99"), ACROSS, "ms between two frames, p99", limit_ms),
            ),
            table=table(NAMES, figures, ("UI FPS", "results/s", "interval p99", "frame age p99")),
        ),
        Section(
            "CPU and memory",
            f"The app, in % of one core; the machine has {cores}. The viewers use CPU as well (measuring).",
            chart=Chart("cpu", curves(_curves(figures, "CPU %"), ACROSS, "% of one core")),
            table=table(NAMES, figures, ("CPU %", "measuring CPU %", "others %", "machine %", "memory MB")),
        ),
    ]


def _held(figures: Mapping[CaseKey, Figures], results: CamerasResults) -> Section:
    settings, held = results.settings, held_cameras(results)
    counts = (
        f"{name}: processes {held['processes'][name]:.0f}, threads {held['threads'][name]:.0f}"
        for name in (workload.name for workload in WORKLOADS)
    )
    return Section(
        "Cameras held",
        f"The largest number at which every camera had {settings.ui_fps:g} ± {RATE_TOLERANCE_FPS:g} FPS at its viewer, "
        f"{100 * MIN_RESULTS:.0f} % of {settings.queue_fps:g} results per second, and an interval p99 of at most "
        f"{MAX_PERIODS:g} periods. Limit: what was not kept at the next number, and the machine % there.",
        f"{'; '.join(counts)}.",
        Chart("cameras", bars(held, ACROSS, COLOURS)),
        _held_table(figures, held, results),
    )


def held_cameras(results: CamerasResults) -> dict[str, dict[str, float]]:
    """Return the largest number that was held, by implementation and workload."""
    return {
        IMPLEMENTATION_LABELS[implementation]: {
            workload.name: max(
                (
                    float(len(run.viewers))
                    for run in results.runs
                    if (run.implementation, run.workload) == (implementation, workload.name)
                    and not failures(run, results.settings)
                ),
                default=0.0,
            )
            for workload in WORKLOADS
        }
        for implementation in IMPLEMENTATIONS
    }


def _held_table(
    figures: Mapping[CaseKey, Figures], held: Mapping[str, Mapping[str, float]], results: CamerasResults
) -> Table:
    rows = []
    for workload in WORKLOADS:
        for implementation in IMPLEMENTATIONS:
            label = IMPLEMENTATION_LABELS[implementation]
            count = held[label][workload.name]
            beyond = [
                run
                for run in results.runs
                if (run.implementation, run.workload) == (implementation, workload.name) and len(run.viewers) > count
            ]
            next_run = min(reversed(beyond), key=lambda run: len(run.viewers), default=None)
            limit, machine = "–", "–"
            if next_run is not None:
                limit = ", ".join(failures(next_run, results.settings))
                machine = f"{figures[f'{len(next_run.viewers)}', implementation, workload.name]['machine %']:.0f}"
            rows.append([label, workload.name, limit, f"{count:.0f}", machine])
    return Table(("implementation", "workload", "limit", "cameras", "machine % beyond"), rows, name_columns=3)


def _curves(figures: Mapping[CaseKey, Figures], figure: str) -> dict[str, Curve]:
    series = {}
    for workload in WORKLOADS:
        for implementation in IMPLEMENTATIONS:
            label, by_count = IMPLEMENTATION_LABELS[implementation], _by_count(figures, implementation, workload.name)
            series[f"{label}, {workload.name}"] = Curve(
                {count: values[figure] for count, values in by_count.items()},
                COLOURS[label],
                DASHES[workload.name],
                [count for count, values in by_count.items() if values["machine %"] > FULL_MACHINE],
            )
    return series


def _by_count(figures: Mapping[CaseKey, Figures], implementation: str, workload: str) -> dict[float, Figures]:
    """Return the figures by the number of cameras, in ascending order."""
    found = {float(key[0]): values for key, values in figures.items() if key[1:] == (implementation, workload)}
    return dict(sorted(found.items()))
