"""The report of `bench transport`: the cost of a put and the latency to the consumer, by queue, size and rate."""

from collections.abc import Mapping

from benchmark.measure.queue_timing import COPYING, LATEST_PROCESSES, LATEST_THREADS, PLAIN, QUEUES
from benchmark.report import charts
from benchmark.report.figures import CaseKey, Figures, summarise
from benchmark.report.report import Chart, Section
from benchmark.report.tables import table
from benchmark.results import TransportResults
from benchmark.suites.transport import BUSY_MS

NAMES = ("queue", "frame", "puts/s")
QUEUE_COLOURS = {
    LATEST_PROCESSES: charts.PROCESSES,
    COPYING: charts.FIFTH,
    LATEST_THREADS: charts.THREADS,
    PLAIN: charts.THIRD,
    "memcpy": charts.FOURTH,
}


def sections(results: TransportResults) -> list[Section]:
    """Return one section for the producer and one for the consumer."""
    figures = summarise(results)
    busy = {case[:3]: values for case, values in figures.items() if case[3] != "idle"}
    idle = {case[:3]: values for case, values in figures.items() if case[3] == "idle"}
    puts = {queue: _by_size(busy, queue, "put p50") for queue in QUEUE_COLOURS}
    puts["memcpy"] = dict(results.memcpy_ms)
    hand_overs = {queue: _by_size(idle, queue, "hand-over p50") for queue in QUEUES}
    return [
        Section(
            f"A put, with a consumer that is busy for {BUSY_MS} ms per frame",
            "LatestQueue between processes passes a ticket: the frame was converted into shared memory. It copies a "
            "frame that is elsewhere (copying); a plain queue pickles it. A refused frame is lost.",
            _put_finding(puts, busy),
            Chart("put", charts.bars(puts, "ms, median, at 30 puts per second", QUEUE_COLOURS)),
            table(NAMES, busy, ("put p50", "put p99", "put ÷ memcpy", "overwritten %", "refused %"), digits=3),
        ),
        Section(
            "From the put to an idle consumer",
            "With threads the frame is passed as a reference; between processes the consumer copies it.",
            chart=Chart("hand-over", charts.bars(hand_overs, "ms, median, at 30 puts per second", QUEUE_COLOURS)),
            table=table(NAMES, idle, ("hand-over p50", "put p50", "put p99", "others %"), digits=3),
        ),
    ]


def _put_finding(puts: Mapping[str, Mapping[str, float]], busy: Mapping[CaseKey, Figures]) -> str:
    ratios = [f"{plain / puts[LATEST_PROCESSES][size]:.1f} at {size}" for size, plain in puts[PLAIN].items()]
    worst = max(busy, key=lambda case: busy[case]["refused %"])
    return (
        f"Plain queue ÷ LatestQueue between processes: {', '.join(ratios)}. Most frames refused: "
        f"{busy[worst]['refused %']:.0f} % ({worst[0]}, {worst[1]}, {worst[2]} puts/s)."
    )


def _by_size(figures: Mapping[CaseKey, Figures], queue: str, figure: str) -> dict[str, float]:
    """Return a figure by frame size, at 30 puts per second."""
    return {case[1]: values[figure] for case, values in figures.items() if (case[0], case[2]) == (queue, "30")}
