"""The statistics board: adds up what the roles report, for the page, for /api/stats and for Prometheus.

Stages (counts, and rates a second over WINDOW_S): captured, queued, overwritten, taken, processed, sent (JPEGs
given to the server), delivered (to a viewer's socket), painted (acknowledged by a viewer).
Times (percentiles over WINDOW_S, in ms): encode_ms, inference_ms, processing_ms, processor_age_ms and paint_age_ms
(how old a frame was there), and per role gil_delay_ms.
The machine: its cores, and busy_percent of them, whoever kept them busy, over the last second.
"""

import contextlib
import math
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass

from common.messaging.messages import MetricsReport, Stats, Status
from common.pacing import Clock
from common.server.prometheus import Exporter
from common.telemetry.machine import busy_percent, cores

WINDOW_S = 5.0
FRAMES_TO_MISS = 3  # at rates so low that the window may hold none without anything being wrong


@dataclass(frozen=True)
class Arrival:
    """A report and when it came."""

    at: float
    report: MetricsReport


class StatsBoard:
    """The last seconds of every role, and totals since the server's start."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._recent: deque[Arrival] = deque()
        self._passed_at: dict[str, float] = {}  # when the newest frame was counted, by stage
        self._counters: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._busy_percent = 0.0
        self.exporter = Exporter()

    def add(self, report: MetricsReport) -> None:
        """Take in what a role measured since its last report."""
        now = self._clock()
        self._recent.append(Arrival(now, report))
        self._passed_at.update({stage: now for stage, count in report.counts.items() if count})
        self._counters.update(report.counts)
        self._drops.update(report.drops)
        self.exporter.add(report)

    def count_status(self, status: Status) -> None:
        """Count restarts."""
        if status.state == "restarting":
            self._counters["restarts"] += 1
            self.exporter.add_restart(status.component)

    def measure_machine(self) -> None:
        """Note how busy the machine was since the last call."""
        with contextlib.suppress(OSError):  # no file descriptor left to ask with: it stays as it was
            self._busy_percent = busy_percent()

    def flows(self, stage: str, fps: float) -> bool:
        """Whether frames passed `stage` lately, where `fps` of them should."""
        return self._clock() - self._passed_at.get(stage, -math.inf) < max(WINDOW_S, FRAMES_TO_MISS / fps)

    def stats(self, viewers: int) -> Stats:
        """Everything, as it stands now."""
        rates, roles = self._rates(), self._roles()
        self.exporter.set_state(rates, roles, viewers)
        return Stats(
            viewers=viewers,
            rates={stage: round(rate, 2) for stage, rate in rates.items()},
            counters=dict(self._counters),
            drops={name: count for name, count in self._drops.items() if count},
            percentiles=self._percentiles(),
            roles=roles,
            machine={"cores": cores(), "busy_percent": round(self._busy_percent, 1)},
        )

    def _window(self) -> list[MetricsReport]:
        oldest = self._clock() - WINDOW_S
        while self._recent and self._recent[0].at <= oldest:
            self._recent.popleft()
        return [arrival.report for arrival in self._recent]

    def _rates(self) -> dict[str, float]:
        sums = Counter(dict.fromkeys(self._passed_at, 0.0))  # what stands still has a rate, of 0
        for report in self._window():
            sums.update(report.counts)
        span_s = min(WINDOW_S, max(1.0, self._clock() - self._started))
        return {stage: count / span_s for stage, count in sums.items()}

    def _percentiles(self) -> dict[str, dict[str, float]]:
        samples: dict[str, list[float]] = defaultdict(list)
        for report in self._window():
            for name, values in report.samples.items():
                if name != "gil_delay_ms":
                    samples[name].extend(values)
        return {name: percentiles(values) for name, values in samples.items()}

    def _roles(self) -> dict[str, dict[str, float]]:
        roles = {}
        for report in self._window():
            delays = percentiles(report.samples.get("gil_delay_ms", (0.0,)))
            roles[report.role] = {
                "pid": report.pid,
                **{name: round(value, 1) for name, value in report.gauges.items()},
                "gil_delay_p50_ms": delays["p50"],
                "gil_delay_p99_ms": delays["p99"],
            }
        return roles


def percentiles(values: list[float] | tuple[float, ...]) -> dict[str, float]:
    """p50, p95 and p99 of `values` by nearest rank, in the same unit, and how many there were."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {f"p{q}": round(ordered[round(q / 100 * last)], 2) for q in (50, 95, 99)}
