"""Reports of roles: one of each kind, and the measurements of a report without regard to what they are of."""

from collections import Counter, defaultdict
from typing import NamedTuple

from common.messaging.report import MetricsReport

PROVIDER = MetricsReport(
    role="provider",
    pid=4711,
    duration_s=1,
    counts={"captured": 30, "queued": 5, "sent": 15},
    drops={"server/socket busy": 3},
    samples={"encode_ms": (1.0, 2.0), "gil_delay_ms": (0.1, 0.3, 4.0)},
    gauges={"cpu_percent": 12.5, "memory_mb": 64.0},
)
PROCESSOR = MetricsReport(
    role="processor",
    pid=4712,
    duration_s=1,
    counts={"taken": 5, "processed": 5},
    samples={
        "inference_ms": (8.0, 9.0, 30.0),
        "processing_ms": (10.0, 11.0, 33.0),
        "processor_age_ms": (2.0, 3.0, 4.0),
        "gil_delay_ms": (0.2,),
    },
    gauges={"cpu_percent": 50.0, "memory_mb": 128.0},
)


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
