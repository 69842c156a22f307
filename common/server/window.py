"""The reports of the last seconds, and the rates and percentiles in them."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from common.messaging.report import MetricsReport, Subject
from common.pacing import Clock

WINDOW_S = 5.0


@dataclass(frozen=True)
class Arrival:
    """A report and the time at which it arrived."""

    at: float
    report: MetricsReport


@dataclass(frozen=True)
class Figures:
    """What was measured of one subject: frames per second by stage, and single times in ms by their names."""

    rates: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Window:
    """The reports of the last WINDOW_S seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._arrivals: deque[Arrival] = deque()

    def add(self, report: MetricsReport) -> None:
        """Add a report that arrives now."""
        self._arrivals.append(Arrival(self._clock(), report))
        self._discard_old()

    def figures(self) -> dict[Subject, Figures]:
        """Return what was measured, by subject."""
        self._discard_old()
        by_role: dict[str, list[Arrival]] = defaultdict(list)
        for arrival in self._arrivals:
            by_role[arrival.report.role].append(arrival)
        found: dict[Subject, Figures] = defaultdict(Figures)
        for arrivals in by_role.values():
            span_s = self._span_s(arrivals)
            for part in (part for arrival in arrivals for part in arrival.report.measurements()):
                figures = found[part.subject]
                for stage, count in part.counts.items():
                    figures.rates[stage] += count / span_s
                for name, values in part.samples.items():
                    figures.samples[name].extend(values)
        return found

    def roles(self, of: Callable[[Subject], bool]) -> dict[str, dict[str, int | float]]:
        """Return the gauges of each selected role, from its newest report."""
        self._discard_old()
        roles: dict[str, dict[str, int | float]] = {}
        for report in (arrival.report for arrival in self._arrivals if of(arrival.report.subject)):
            delays = percentiles(report.samples.get("gil_delay_ms", (0.0,)))
            roles[report.role] = {
                "pid": report.pid,
                **rounded(report.gauges),
                "gil_delay_p50_ms": delays["p50"],
                "gil_delay_p99_ms": delays["p99"],
            }
        return roles

    def _discard_old(self) -> None:
        oldest = self._clock() - WINDOW_S
        while self._arrivals and self._arrivals[0].at <= oldest:
            self._arrivals.popleft()

    def _span_s(self, arrivals: list[Arrival]) -> float:
        """Return the seconds that these reports of one role cover, plus those since two more were due."""
        last = arrivals[-1]
        overdue_s = self._clock() - last.at - 2 * last.report.duration_s
        return sum(arrival.report.duration_s for arrival in arrivals) + max(0.0, overdue_s)


def total_rates(figures: Iterable[Figures]) -> dict[str, float]:
    """Return the sums of the rates."""
    total: dict[str, float] = defaultdict(float)
    for each in figures:
        for stage, rate in each.rates.items():
            total[stage] += rate
    return rounded(total)


def times(figures: Iterable[Figures]) -> dict[str, dict[str, float]]:
    """Return percentiles of all times, but that of the GIL, which is of a role."""
    samples: dict[str, list[float]] = defaultdict(list)
    for each in figures:
        for name, values in each.samples.items():
            if name != "gil_delay_ms":
                samples[name].extend(values)
    return {name: percentiles(values) for name, values in samples.items()}


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return values with two decimals."""
    return {name: round(value, 2) for name, value in values.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 of `values` by nearest rank, in the same unit."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {f"p{q}": round(ordered[round(q / 100 * last)], 2) for q in (50, 95, 99)}
