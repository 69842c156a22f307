"""Counts, drops, times and gauges of one role, collected into one report a second."""

import os
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from common.messaging.report import MetricsReport, Time
from common.pacing import Clock
from common.telemetry.console_stream import take_dropped
from common.telemetry.frame_age import FrameAge
from common.telemetry.process import ProcessGauges

MAX_SAMPLES = 1000  # of each name in a report: the newest 20 s of the GIL probe while no report can be sent
SHORTEST_S = 1e-3  # of a report: rates divide by its duration


@dataclass
class FollowedTotal:
    """A total that is counted elsewhere, with its value in the last report."""

    counter: Counter[str]
    name: str
    read: Callable[[], int]
    reported: int


class Meter:
    """Measurements of one role since its last report. All methods may be called from any thread."""

    def __init__(
        self,
        role: str,
        clock: Clock = time.monotonic,
        *,
        camera: str | None = None,
        processor: str | None = None,
    ) -> None:
        """`camera` or `processor` is the one of the role, None if it has no name."""
        self._role, self._camera, self._processor = role, camera, processor
        self._clock = clock
        self._period_start = clock()
        self._frame_age = FrameAge()
        self._lock = threading.Lock()  # guards everything that take_report() resets
        self._counts: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._samples: dict[Time, deque[float]] = defaultdict(lambda: deque(maxlen=MAX_SAMPLES))
        self._followed: list[FollowedTotal] = []
        self._process = ProcessGauges()
        self._followed_gauges: dict[str, Callable[[], float | None]] = {}

    def count(self, stage: str, increment: int = 1) -> None:
        """Count frames that passed `stage`."""
        with self._lock:
            self._counts[stage] += increment

    def drop(self, consumer: str, cause: str, count: int = 1) -> None:
        """Count what `consumer` did not receive: frames, or lines of the log."""
        with self._lock:
            self._drops[f"{consumer}/{cause}"] += count

    def sample(self, name: Time, value_ms: float) -> None:
        """Record a time in ms."""
        with self._lock:
            self._samples[name].append(value_ms)

    def sample_age(self, name: Time, captured_at: float) -> None:
        """Record the age of a frame captured at `captured_at` (Unix time), if it is known."""
        with self._lock:
            age_ms = self._frame_age.age_ms(captured_at)
            if age_ms is not None:
                self._samples[name].append(age_ms)

    def follow_count(self, stage: str, total: Callable[[], int]) -> None:
        """Report the growth of `total()` as frames that passed `stage`."""
        self._followed.append(FollowedTotal(self._counts, stage, total, total()))

    def follow_drop(self, consumer: str, cause: str, total: Callable[[], int]) -> None:
        """Report the growth of `total()` as frames that `consumer` did not receive."""
        self._followed.append(FollowedTotal(self._drops, f"{consumer}/{cause}", total, total()))

    def follow_gauge(self, name: str, value: Callable[[], float | None]) -> None:
        """Report `value()` as the gauge `name`, unless it is None."""
        self._followed_gauges[name] = value

    def start(self) -> None:
        """Start the period of the first report."""
        self._period_start = self._clock()

    def take_report(self) -> MetricsReport:
        """Return the measurements since the last report, and reset them."""
        if dropped := take_dropped():
            self.drop("log", "not read", dropped)
        followed = {name: value() for name, value in self._followed_gauges.items()}
        gauges = self._process.read() | {name: value for name, value in followed.items() if value is not None}
        with self._lock:
            start, self._period_start = self._period_start, self._clock()
            for total in self._followed:
                before, total.reported = total.reported, total.read()
                total.counter[total.name] += total.reported - before
            report = MetricsReport(
                role=self._role,
                camera=self._camera,
                processor=self._processor,
                pid=os.getpid(),
                duration_s=max(SHORTEST_S, self._period_start - start),
                counts=dict(self._counts),
                drops=dict(self._drops),
                samples={name: tuple(values) for name, values in self._samples.items()},
                gauges=gauges,
            )
            self._counts.clear()
            self._drops.clear()
            self._samples.clear()
        return report
