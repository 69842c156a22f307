"""The measurements in a report of a role, without regard to what they are of."""

from collections import Counter, defaultdict
from typing import NamedTuple

from common.messaging.report import MetricsReport


class Merged(NamedTuple):
    """The sums of counts and drops, and all single times."""

    counts: dict[str, float]
    drops: dict[str, float]
    samples: dict[str, list[float]]


def merged(report: MetricsReport) -> Merged:
    """Add up the parts of a report."""
    counts: Counter[str] = Counter()
    drops: Counter[str] = Counter()
    samples: dict[str, list[float]] = defaultdict(list)
    for part in report.measurements():
        counts.update(part.counts)
        drops.update(part.drops)
        for name, values in part.samples.items():
            samples[name] += values
    return Merged(dict(counts), dict(drops), dict(samples))
