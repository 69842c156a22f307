"""The report of `bench transport`: what it costs to hand a frame on, by queue, size and rate."""

from benchmark.measure.queue_timing import LATEST_PROCESSES, LATEST_THREADS, PLAIN, QUEUES
from benchmark.report import charts
from benchmark.report.figures import Cell, Figures, summarise
from benchmark.report.report import Chart, Section
from benchmark.report.tables import table
from benchmark.results import TransportResults
from benchmark.suites.transport import DETECTOR_MS

NAMES = ("queue", "frame", "puts/s")
QUEUE_COLOURS = {
    LATEST_PROCESSES: charts.PROCESSES,
    LATEST_THREADS: charts.THREADS,
    PLAIN: charts.THIRD,
    "memcpy": charts.FOURTH,
}


def sections(results: TransportResults) -> list[Section]:
    """One for each question."""
    figures = summarise(results)
    busy = {cell[:3]: values for cell, values in figures.items() if cell[3] != "idle"}
    idle = {cell[:3]: values for cell, values in figures.items() if cell[3] == "idle"}
    puts = {queue: _by_size(busy, queue, "put p50") for queue in QUEUE_COLOURS}
    puts["memcpy"] = dict(results.memcpy_ms)
    hand_overs = {queue: _by_size(idle, queue, "hand-over p50") for queue in QUEUES}
    return [
        Section(
            f"A put, while the consumer is busy for {DETECTOR_MS} ms with each frame",
            of_puts(puts, busy),
            Chart("put", charts.bars(puts, "ms, median, at 30 puts a second", QUEUE_COLOURS)),
            table(NAMES, busy, ("put p50", "put p99", "put ÷ memcpy", "overwritten %", "refused %"), digits=3),
        ),
        Section(
            "From the put until an idle consumer has the frame",
            "With threads the frame is handed on as a reference; between processes it is copied in and out.",
            Chart("hand-over", charts.bars(hand_overs, "ms, median, at 30 puts a second", QUEUE_COLOURS)),
            table(NAMES, idle, ("hand-over p50", "put p50", "put p99", "others %"), digits=3),
        ),
    ]


def of_puts(puts: dict[str, dict[str, float]], busy: dict[Cell, Figures]) -> str:
    """What shared memory buys over pickling, and whether frames were refused."""
    times = [f"{plain / puts[LATEST_PROCESSES][size]:.1f} times at {size}" for size, plain in puts[PLAIN].items()]
    text = f"Put plainly, a frame costs the producer what the LatestQueue between processes does {', '.join(times)}."
    refused = {cell: values["refused %"] for cell, values in busy.items()}
    worst = max(refused, key=refused.__getitem__)
    if refused[worst]:
        return f"{text} Most are refused with {worst[0]} at {worst[1]} and {worst[2]} puts/s: {refused[worst]:.0f} %."
    return f"{text} No queue refused a frame."


def _by_size(figures: dict[Cell, Figures], queue: str, figure: str) -> dict[str, float]:
    """At the app's own rate."""
    return {cell[1]: values[figure] for cell, values in figures.items() if (cell[0], cell[2]) == (queue, "30")}
