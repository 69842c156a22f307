"""What a role measures of itself: counts, times, how long it waits for the GIL, CPU and memory."""

import contextlib
import os
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import psutil

from common.messaging.messages import MetricsReport, Time
from common.pacing import Clock, Ticker
from common.telemetry.console_stream import take_dropped
from common.telemetry.frame_age import FrameAge

REPORT_FPS = 1.0
MAX_SAMPLES = 1000  # of a name in a report: the newest 20 s of the quickest one, should the server be away for long
SHORTEST_S = 1e-3  # of a report, which is divided by
PROBE_FPS = 50.0  # often enough to see a convoy (the GIL's switch interval is 5 ms), seldom enough to cost nothing


class Meter:
    """Counts and times of one role since its last report. Every method may be called from any thread."""

    def __init__(
        self,
        role: str,
        clock: Clock = time.monotonic,
        *,
        camera: str | None = None,
        processor: str | None = None,
    ) -> None:
        """`camera` or `processor` is the one of the role, None where there is one without a name."""
        self._role, self._camera, self._processor = role, camera, processor
        self._clock = clock
        self._period_start = clock()
        self._frame_age = FrameAge()
        self._lock = threading.Lock()  # guards all that take_report() empties
        self._counts: Counter[str] = Counter()
        self._drops: Counter[str] = Counter()
        self._samples: dict[Time, deque[float]] = defaultdict(lambda: deque(maxlen=MAX_SAMPLES))
        self._followed: list[tuple[Counter[str], str, Callable[[], int], int]] = []
        self._process = psutil.Process()
        self._gauges: dict[str, float] = {}
        self._followed_gauges: dict[str, Callable[[], float | None]] = {}

    def count(self, stage: str, increment: int = 1) -> None:
        """Frames that passed `stage`."""
        with self._lock:
            self._counts[stage] += increment

    def drop(self, consumer: str, cause: str, count: int = 1) -> None:
        """Count what `consumer` did not receive: frames, or lines of the log."""
        with self._lock:
            self._drops[f"{consumer}/{cause}"] += count

    def sample(self, name: Time, value_ms: float) -> None:
        """One time measured, in ms."""
        with self._lock:
            self._samples[name].append(value_ms)

    def sample_age(self, name: Time, captured_at: float) -> None:
        """Sample the age of a frame captured at `captured_at` (Unix time), if it is known."""
        with self._lock:
            age_ms = self._frame_age.age_ms(captured_at)
            if age_ms is not None:
                self._samples[name].append(age_ms)

    def follow_count(self, stage: str, total: Callable[[], int]) -> None:
        """Report under `stage` by how much `total()` grows."""
        self._followed.append((self._counts, stage, total, total()))

    def follow_drop(self, consumer: str, cause: str, total: Callable[[], int]) -> None:
        """Report as frames dropped for `consumer` by how much `total()` grows."""
        self._followed.append((self._drops, f"{consumer}/{cause}", total, total()))

    def follow_gauge(self, name: str, value: Callable[[], float | None]) -> None:
        """Report `value()` as the gauge `name`, nothing while it is None."""
        self._followed_gauges[name] = value

    def start(self) -> None:
        """Start the period of the first report."""
        self._period_start = self._clock()

    def take_report(self) -> MetricsReport:
        """All since the last report, and the process as it is now."""
        # Without a file descriptor left to ask the system with, they stay as they were.
        with contextlib.suppress(OSError), self._process.oneshot():
            self._gauges = {"cpu_percent": self._process.cpu_percent(), "memory_mb": _memory_mb(self._process)}
        if dropped := take_dropped():
            self.drop("log", "not read", dropped)
        gauges = {name: value() for name, value in self._followed_gauges.items()}
        with self._lock:
            start, self._period_start = self._period_start, self._clock()
            for index, (counter, name, total, before) in enumerate(self._followed):
                now = total()
                counter[name] += now - before
                self._followed[index] = (counter, name, total, now)
            report = MetricsReport(
                role=self._role,
                camera=self._camera,
                processor=self._processor,
                pid=os.getpid(),
                duration_s=max(SHORTEST_S, self._period_start - start),
                counts=dict(self._counts),
                drops=dict(self._drops),
                samples={name: tuple(values) for name, values in self._samples.items()},
                gauges=self._gauges | {name: now for name, now in gauges.items() if now is not None},
            )
            self._counts.clear()
            self._drops.clear()
            self._samples.clear()
        return report


class Reporter:
    """A thread that hands the meter's report on once a second, and between two reports measures the GIL's delay.

    That delay is how much later than asked the thread runs again after a wait: it was woken, then had to wait for
    the GIL. A free core and a free GIL give some 0.1 ms.
    """

    def __init__(self, meter: Meter, hand_on: Callable[[MetricsReport], None], wanted: Callable[[], bool]) -> None:
        """`wanted` says whether a report would arrive; until then the meter keeps on counting."""
        self._meter = meter
        self._hand_on = hand_on
        self._wanted = wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def __enter__(self) -> Self:
        self._meter.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(2)

    def _run(self) -> None:
        probe, report_at = Ticker(PROBE_FPS), time.monotonic() + 1 / REPORT_FPS
        while True:
            delay_s = probe.delay_s()
            due = time.monotonic() + delay_s
            if self._ended.wait(delay_s):
                return
            now = time.monotonic()
            self._meter.sample("gil_delay_ms", 1000 * (now - due))
            if now >= report_at and self._wanted():
                self._hand_on(self._meter.take_report())
                report_at += (1 + int((now - report_at) * REPORT_FPS)) / REPORT_FPS  # on, past all that were missed


def _memory_mb(process: psutil.Process) -> float:
    """Proportional set size (shared pages divided among their holders) where the system tells it, else resident."""
    if psutil.LINUX:
        return float(process.memory_full_info().pss) / 2**20
    return float(process.memory_info().rss) / 2**20
