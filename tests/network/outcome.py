"""What a viewer got during a scenario, as figures and as rows of a table."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.quantile import quantile
from tests.network.viewer import Recording

PARTS = 10  # of a scenario; the first and the last are compared
HEADINGS = (
    "link of the camera",
    "age at the viewer p50 / p99, ms",
    "first → last tenth p50, ms",
    "age at the processor p50 / p99, ms",
    "FPS",
    "results/s",
    "recovery, s",
    "drops",
)


@dataclass(frozen=True)
class Outcome:
    """Figures of what a viewer received from one time to another.

    `recovery_s` counts from the end of a fault to frames and detections that were captured after it.
    """

    viewer_ms: Sequence[float]
    processor_p50_ms: float
    processor_p99_ms: float
    frames_per_s: float
    results_per_s: float
    drops: Counter[str]
    recovery_s: float | None

    @classmethod
    def since(cls, began_at: float, recording: Recording, recovery_s: float | None = None) -> "Outcome":
        """Return the figures of what was received since a Unix time.

        The figures of the processor are those of the app: medians of those of each second, the largest p99.
        """
        seconds = time.time() - began_at
        frames = [frame for frame in recording.frames if frame.received_at >= began_at]
        results = [result for result in recording.detections if result.received_at >= began_at]
        stats = [content for at, content in recording.stats if at >= began_at]
        ages = [each["percentiles"]["processor_age_ms"] for each in stats if "processor_age_ms" in each["percentiles"]]
        return cls(
            viewer_ms=[frame.age_ms for frame in frames],
            processor_p50_ms=quantile([age["p50"] for age in ages], 0.5),
            processor_p99_ms=max((age["p99"] for age in ages), default=0.0),
            frames_per_s=len(frames) / seconds,
            results_per_s=len(results) / seconds,
            drops=Counter(stats[-1]["drops"]) - Counter(stats[0]["drops"]) if stats else Counter(),
            recovery_s=recovery_s,
        )

    def trend_ms(self) -> tuple[float, float]:
        """Return the median age at the viewer in the first and in the last part."""
        size = max(1, len(self.viewer_ms) // PARTS)
        return quantile(self.viewer_ms[:size], 0.5), quantile(self.viewer_ms[-size:], 0.5)

    def row(self, name: str) -> list[str]:
        """Return the cells of the row below HEADINGS."""
        first, last = self.trend_ms()
        return [
            name,
            f"{quantile(self.viewer_ms, 0.5):.0f} / {quantile(self.viewer_ms, 0.99):.0f}",
            f"{first:.0f} → {last:.0f}",
            f"{self.processor_p50_ms:.0f} / {self.processor_p99_ms:.0f}",
            f"{self.frames_per_s:.1f}",
            f"{self.results_per_s:.1f}",
            "–" if self.recovery_s is None else f"{self.recovery_s:.1f}",
            ", ".join(f"{cause} {count:.0f}" for cause, count in sorted(self.drops.items())) or "–",
        ]
