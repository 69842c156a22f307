"""Statistics: the reports of all roles, summed up for the page, /api/stats and Prometheus.

Stages (counts, and rates per second over WINDOW_S): captured, queued, overwritten, taken, processed, sent (JPEGs sent
to the server), sent tile (smaller ones for tiles), delivered (written to the socket of a viewer), painted (acknowledged
by a viewer).
Times (percentiles over WINDOW_S, in ms): encode_ms, inference_ms, processing_ms; processor_age_ms and paint_age_ms,
the age of a frame there; and per role gil_delay_ms.
By camera and by processor, where they have names: the rates of their own roles, and the times.
Results: by camera and processor, the results a second of each pair.
The machine: its cores, and busy_percent of them over the last second, with the work of all programs.
"""

import contextlib
import math
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.messaging.messages import Detections, Stats, Status
from common.messaging.report import MetricsReport
from common.pacing import Clock
from common.server.prometheus import Metrics
from common.server.recent_rate import RecentRate
from common.telemetry.machine import busy_percent, cores

WINDOW_S = 5.0
FRAMES_TO_MISS = 3  # a stage flows for as long as fewer than this many frames in a row are missing
SLOWEST_FPS = 1 / 60


@dataclass(frozen=True)
class Arrival:
    """A report and the time at which it arrived."""

    at: float
    report: MetricsReport


class StatsBoard:
    """The reports of the last seconds, and totals since the start of the server."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._recent: deque[Arrival] = deque()
        self._passed_at: dict[str, float] = {}  # arrival of the newest frame, by stage
        self._counters: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._results: dict[str, dict[str, RecentRate]] = {}
        self._busy_percent = 0.0
        self._metrics = Metrics()
        self._source_fps = math.inf  # the rate of a live source, as the provider measures it

    def add(self, report: MetricsReport) -> None:
        """Add what a role measured since its last report."""
        now = self._clock()
        self._recent.append(Arrival(now, report))
        while self._recent[0].at <= now - WINDOW_S:
            self._recent.popleft()
        self._passed_at.update({stage: now for stage, count in report.counts.items() if count})
        self._counters.update(report.counts)
        self._drops.update(report.drops)
        self._metrics.add(report)
        self._source_fps = report.gauges.get("source_fps", self._source_fps)

    def count_result(self, found: Detections) -> None:
        """Count the result of a processor for a frame of a camera."""
        processors = self._results.setdefault(found.camera, {})
        processors.setdefault(found.processor, RecentRate(WINDOW_S, self._clock)).count()

    def count_status(self, status: Status) -> None:
        """Count a restart."""
        if status.state == "restarting":
            self._counters["restarts"] += 1
            self._metrics.add_restart(status.component)

    def measure_machine(self) -> None:
        """Measure how busy the machine was since the last call."""
        with contextlib.suppress(OSError):  # without a free file descriptor, the last value stays
            self._busy_percent = busy_percent()

    def flows(self, stage: str, fps: float) -> bool:
        """Return whether frames pass `stage`, for which a rate of `fps` is configured; the source may be slower."""
        period_s = 1 / max(min(fps, self._source_fps), SLOWEST_FPS)
        return self._clock() - self._passed_at.get(stage, -math.inf) < max(WINDOW_S, FRAMES_TO_MISS * period_s)

    def stats(self, viewers: int) -> Stats:
        """Return the statistics of this moment."""
        return Stats(
            viewers=viewers,
            rates=rounded(self._rates(dict.fromkeys(self._passed_at, 0.0), self._window())),
            counters=dict(self._counters),
            drops={name: count for name, count in self._drops.items() if count},
            percentiles=times(self._window()),
            roles=self._roles(),
            cameras=self._by_name(lambda report: report.camera),
            processors=self._by_name(lambda report: report.processor),
            results={
                camera: rounded({name: each.per_second() for name, each in processors.items()})
                for camera, processors in self._results.items()
            },
            machine={"cores": cores(), "busy_percent": round(self._busy_percent, 1)},
        )

    def prometheus_text(self, viewers: int) -> bytes:
        """Return the statistics of this moment in the exposition format of Prometheus."""
        rates = self._rates(dict.fromkeys(self._passed_at, 0.0), self._window())
        return self._metrics.text(rates, self._roles(), viewers)

    def _window(self) -> list[Arrival]:
        oldest = self._clock() - WINDOW_S
        return [arrival for arrival in self._recent if arrival.at > oldest]

    def _by_name(self, name_of: Callable[[MetricsReport], str | None]) -> dict[str, dict[str, dict[str, Any]]]:
        """Return rates and times of the reports of each camera, or of each processor."""
        by_name: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in self._window():
            if (name := name_of(arrival.report)) is not None:
                by_name[name].append(arrival)
        return {
            name: {"rates": rounded(self._rates({}, arrivals)), "percentiles": times(arrivals)}
            for name, arrivals in by_name.items()
        }

    def _rates(self, at_standstill: dict[str, float], window: list[Arrival]) -> dict[str, float]:
        """Return the rates of all stages that passed, and those of `at_standstill`, which are 0."""
        by_role: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in window:
            by_role[arrival.report.role].append(arrival)
        rates = at_standstill
        for arrivals in by_role.values():
            span_s = self._span_s(arrivals)
            for arrival in arrivals:
                for stage, count in arrival.report.counts.items():
                    rates[stage] = rates.get(stage, 0.0) + count / span_s
        return rates

    def _span_s(self, arrivals: list[Arrival]) -> float:
        """Return the seconds that these reports of one role cover, plus those since two more were due."""
        last = arrivals[-1]
        overdue_s = self._clock() - last.at - 2 * last.report.duration_s
        return sum(arrival.report.duration_s for arrival in arrivals) + max(0.0, overdue_s)

    def _roles(self) -> dict[str, dict[str, float]]:
        roles = {}
        for arrival in self._window():
            report = arrival.report
            delays = percentiles(report.samples.get("gil_delay_ms", (0.0,)))
            roles[report.role] = {
                "pid": report.pid,
                **{name: round(value, 2) for name, value in report.gauges.items()},
                "gil_delay_p50_ms": delays["p50"],
                "gil_delay_p99_ms": delays["p99"],
            }
        return roles


def rounded(rates: dict[str, float]) -> dict[str, float]:
    """Return rates with two decimals."""
    return {stage: round(rate, 2) for stage, rate in rates.items()}


def times(arrivals: list[Arrival]) -> dict[str, dict[str, float]]:
    """Return percentiles of the times in these reports, but that of the GIL, which is of a role."""
    samples: dict[str, list[float]] = defaultdict(list)
    for arrival in arrivals:
        for name, values in arrival.report.samples.items():
            if name != "gil_delay_ms":
                samples[name].extend(values)
    return {name: percentiles(values) for name, values in samples.items()}


def percentiles(values: list[float] | tuple[float, ...]) -> dict[str, float]:
    """Return p50, p95 and p99 of `values` by nearest rank, in the same unit."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {f"p{q}": round(ordered[round(q / 100 * last)], 2) for q in (50, 95, 99)}
