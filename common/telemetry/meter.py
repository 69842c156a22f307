"""Counts, drops, times and gauges of one role, collected into one report a second."""

import os
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from common.messaging.report import MAX_SAMPLES, Measurements, MetricsReport, Subject, Time
from common.pacing import Clock
from common.telemetry.console_stream import take_dropped
from common.telemetry.frame_age import FrameAge
from common.telemetry.process import ProcessGauges

SHORTEST_S = 1e-3  # of a report: rates divide by its duration


@dataclass
class Measured:
    """What was measured of one subject since the last report."""

    counts: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    samples: dict[Time, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=MAX_SAMPLES)))

    def message(self, subject: Subject) -> Measurements:
        """Return the part of a report."""
        samples: dict[Time, tuple[float, ...]] = {name: tuple(values) for name, values in self.samples.items()}
        return Measurements(
            camera=subject.camera,
            processor=subject.processor,
            counts=dict(self.counts),
            drops=dict(self.drops),
            samples=samples,
        )


@dataclass
class FollowedTotal:
    """A total that is counted elsewhere, with its value in the last report, and how its growth is counted."""

    count: Callable[[int], None]
    read: Callable[[], int]
    reported: int


class Meter:
    """Measurements of one role since its last report. All methods may be called from any thread.

    `camera` and `processor` of a method are what is measured, where these are others than those of the role.
    """

    def __init__(
        self,
        role: str,
        clock: Clock = time.monotonic,
        *,
        camera: str | None = None,
        processor: str | None = None,
    ) -> None:
        """`camera` or `processor` is the one of the role."""
        self._role, self._own = role, Subject(camera, processor)
        self._clock = clock
        self._period_start = clock()
        self._frame_age = FrameAge()
        self._lock = threading.RLock()  # guards everything that take_report() resets
        self._measured: dict[Subject, Measured] = defaultdict(Measured)
        self._followed: list[FollowedTotal] = []
        self._process = ProcessGauges()
        self._followed_gauges: dict[str, Callable[[], float | None]] = {}

    def count(self, stage: str, increment: int = 1, *, camera: str | None = None, processor: str | None = None) -> None:
        """Count frames that passed `stage`."""
        with self._lock:
            self._of(camera, processor).counts[stage] += increment

    def drop(
        self, consumer: str, cause: str, count: int = 1, *, camera: str | None = None, processor: str | None = None
    ) -> None:
        """Count what `consumer` did not receive: frames, events, or lines of the log."""
        with self._lock:
            self._of(camera, processor).drops[f"{consumer}/{cause}"] += count

    def sample(self, name: Time, value_ms: float, *, camera: str | None = None) -> None:
        """Record a time in ms."""
        with self._lock:
            self._of(camera, None).samples[name].append(value_ms)

    def sample_age(self, name: Time, captured_at: float, *, camera: str | None = None) -> None:
        """Record the age of a frame captured at `captured_at` (Unix time), if it is known."""
        with self._lock:
            age_ms = self._frame_age.age_ms(captured_at)
            if age_ms is not None:
                self.sample(name, age_ms, camera=camera)

    def follow_count(self, stage: str, total: Callable[[], int], *, processor: str | None = None) -> None:
        """Report the growth of `total()` as frames that passed `stage`."""
        self._follow(lambda growth: self.count(stage, growth, processor=processor), total)

    def follow_drop(self, consumer: str, cause: str, total: Callable[[], int]) -> None:
        """Report the growth of `total()` as what `consumer` did not receive."""
        self._follow(lambda growth: self.drop(consumer, cause, growth), total)

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
                total.count(total.reported - before)
            measured, self._measured = self._measured, defaultdict(Measured)
        own = measured.pop(self._own, Measured()).message(self._own)
        return MetricsReport(
            **dict(own),
            role=self._role,
            pid=os.getpid(),
            duration_s=max(SHORTEST_S, self._period_start - start),
            gauges=gauges,
            parts=tuple(each.message(subject) for subject, each in measured.items()),
        )

    def _of(self, camera: str | None, processor: str | None) -> Measured:
        return self._measured[Subject(camera or self._own.camera, processor or self._own.processor)]

    def _follow(self, count: Callable[[int], None], total: Callable[[], int]) -> None:
        self._followed.append(FollowedTotal(count, total, total()))
