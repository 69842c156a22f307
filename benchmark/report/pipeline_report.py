"""The report of `bench pipeline`: what a viewer got, why, and what it cost."""

from collections.abc import Sequence
from itertools import chain

from benchmark.cases import IMPLEMENTATIONS, PEOPLE_SAY, WORKLOADS
from benchmark.report import charts
from benchmark.report import diagnosis as causes
from benchmark.report.figures import Cell, Figures, summarise
from benchmark.report.report import Chart, Section, Table
from benchmark.report.tables import table
from benchmark.results import PipelineResults
from benchmark.suites.pipeline import ONE_PROCESS, PARENT

NAMES = ("implementation", "workload")


def sections(results: PipelineResults) -> list[Section]:
    """One for each question."""
    figures = summarise(results)
    asked = results.settings.ui_fps
    return [
        Section(
            "UI rate at a viewer",
            causes.of_ui_rate(figures, asked),
            Chart("ui-rate", charts.bars(_by_workload(figures, "UI FPS"), "frames a second", charts.COLOURS, asked)),
            table(NAMES, figures, ("UI FPS", "UI FPS, worst run", "results/s", "puts", "overwritten %")),
        ),
        Section(
            "Between two frames",
            causes.of_intervals(figures, asked),
            Chart("intervals", charts.boxes(_intervals(results), "ms between two frames", 1000 / asked)),
            table(NAMES, figures, ("interval p50", "interval p95", "interval p99", "interval max")),
        ),
        Section(
            "Waiting for the GIL",
            causes.of_gil(figures, asked, any(results.environment.gil.values())),
            Chart("gil-delay", charts.bars(_delays(figures), "ms, p99 of a second", DELAY_COLOURS)),
            table(NAMES, figures, [f"GIL delay {role} p99" for role in ("provider", "server", "processor")]),
        ),
        Section(
            "CPU",
            causes.of_cpu(figures),
            Chart("cpu", charts.stacked(_cpu(figures), "% of one core", CPU_COLOURS)),
            table(NAMES, figures, ("CPU %", "CPU beyond inference %", "measuring CPU %", "others %", "machine %")),
        ),
        Section(
            "Memory and start",
            causes.of_memory(figures),
            Chart("memory", charts.bars(_by_workload(figures, "memory MB"), "MB, all processes", charts.COLOURS)),
            table(NAMES, figures, ("memory MB", "first frame s")),
        ),
        Section(
            "How old a frame is, and how long inference takes",
            "ms. A frame's age runs from the capture to the viewer's socket; processing is inference with what is "
            "before and after it.",
            table=table(
                NAMES,
                figures,
                [f"{what} p{q}" for what in ("frame age", "inference", "processing") for q in (50, 95, 99)],
            ),
        ),
        Section(
            "Against what is possible",
            "1.00 is the best there can be. The limits were measured on this machine in the same run (below).",
            table=table(NAMES, figures, [name for name in next(iter(figures.values())) if "÷" in name]),
        ),
        Section("What this machine can do at best", "Medians.", table=_limits_table(results)),
    ]


def _limits_table(results: PipelineResults) -> Table:
    limits, threads = results.limits, results.environment.threads["onnxruntime"]
    rows = [
        [f"session.run of {results.settings.model}, {threads} thread(s)", f"{limits.session_run_ms:.2f} ms"],
        [f"JPEG of a frame ({limits.width}×{limits.height}, {limits.jpeg_bytes / 1000:.0f} kB)", _ms(limits.encode_ms)],
        ["memcpy of a frame", _ms(limits.memcpy_ms)],
        ["an empty websocket message, there and back", _ms(limits.echo_ms)],
    ]
    for implementation in IMPLEMENTATIONS:
        put = results.put_ms[implementation]
        rows.append([f"LatestQueue.put, {implementation}", f"{_ms(put)}, {put / limits.memcpy_ms:.2f} × memcpy"])
        rows.append([f"put → an idle consumer has it, {implementation}", _ms(results.hand_over_ms[implementation])])
    return Table(("", "median"), rows)


def _ms(value: float) -> str:
    return f"{value:.3f} ms"


def _by_workload(figures: dict[Cell, Figures], figure: str) -> dict[str, dict[str, float]]:
    return {
        PEOPLE_SAY[implementation]: {
            workload.name: figures[implementation, workload.name][figure] for workload in WORKLOADS
        }
        for implementation in IMPLEMENTATIONS
    }


def _intervals(results: PipelineResults) -> dict[str, dict[str, Sequence[float]]]:
    def pooled(cell: Cell) -> list[float]:
        runs = (run for run in results.runs if (run.implementation, run.workload) == cell)
        return list(chain.from_iterable(run.interval_ms for run in runs))

    return {
        PEOPLE_SAY[implementation]: {workload.name: pooled((implementation, workload.name)) for workload in WORKLOADS}
        for implementation in IMPLEMENTATIONS
    }


DELAY_COLOURS = {
    "processes, video": charts.PROCESSES,
    "processes, processor": charts.THIRD,
    "threads, video": charts.THREADS,
}


def _delays(figures: dict[Cell, Figures]) -> dict[str, dict[str, float]]:
    """In processes the processor has a GIL of its own; in threads it is everyone's."""

    def video(implementation: str) -> dict[str, float]:
        return {workload.name: causes.video_delay(figures[implementation, workload.name]) for workload in WORKLOADS}

    processor = _by_workload(figures, "GIL delay processor p99")["processes"]
    values = (video("multiprocessing"), processor, video("threading"))
    return dict(zip(DELAY_COLOURS, values, strict=True))


CPU_COLOURS = {
    "server": charts.PROCESSES,
    "provider": charts.THIRD,
    "processor": charts.FOURTH,
    PARENT: charts.GRID,
    ONE_PROCESS: charts.THREADS,
}


def _cpu(figures: dict[Cell, Figures]) -> dict[str, dict[str, float]]:
    """By role, then by cell."""
    return {
        role: {
            f"{workload.name}, {PEOPLE_SAY[implementation]}": figures[implementation, workload.name].get(
                f"CPU {role} %", 0
            )
            for workload in WORKLOADS
            for implementation in IMPLEMENTATIONS
        }
        for role in CPU_COLOURS
    }
