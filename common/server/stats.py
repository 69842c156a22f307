"""Statistics: the reports of all roles, summed up for the page, /api/stats and Prometheus.

Stages (counts, and rates per second over WINDOW_S): captured, queued, overwritten, taken, processed, sent (JPEGs sent
to the server), sent tile (smaller ones for tiles), delivered (written to the socket of a viewer), painted (acknowledged
by a viewer).
Times (percentiles over WINDOW_S, in ms): encode_ms, inference_ms, processing_ms; processor_age_ms and paint_age_ms,
the age of a frame there; and per role gil_delay_ms.
By camera and by processor: the rates, and the times.
Results: by camera and processor, the results a second of each pair.
The machine: its cores, and busy_percent of them over the last second, with the work of all programs.
"""

import contextlib
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

from common.messaging.messages import UNNAMED, Detections, Stats, Status
from common.messaging.report import MetricsReport, Subject
from common.pacing import Clock
from common.server.prometheus import Metrics
from common.server.recent_rate import RecentRate
from common.server.window import WINDOW_S, Figures, Window, rounded, times, total_rates
from common.telemetry.machine import busy_percent, cores

FRAMES_TO_MISS = 3  # a stage flows for as long as fewer than this many frames in a row are missing
SLOWEST_FPS = 1 / 60


class StatsBoard:
    """The reports of the last seconds, and totals since the start of the server."""

    def __init__(
        self, clock: Clock = time.monotonic, cameras: Iterable[str] = (), pairs: Iterable[Subject] = ()
    ) -> None:
        """`pairs` are those of a processor and a camera that it serves."""
        self._clock = clock
        self._window = Window(clock)
        self._passed_at: dict[tuple[Subject, str], float] = {}  # arrival of the newest frame, by subject and stage
        self._counters: dict[str | None, Counter[str]] = defaultdict(Counter)  # by camera
        self._drops: dict[str | None, Counter[str]] = defaultdict(Counter)
        self._results: dict[str, dict[str, RecentRate]] = {}
        self._busy_percent = 0.0
        self._metrics = Metrics(tuple(cameras), tuple(pairs))
        self._source_fps: dict[
            str | None, float
        ] = {}  # by camera, the rate of a live source as its provider measures it

    def add(self, report: MetricsReport) -> None:
        """Add what a role measured since its last report."""
        now = self._clock()
        self._window.add(report)
        for part in report.measurements():
            self._passed_at.update({(part.subject, stage): now for stage, count in part.counts.items() if count})
            self._counters[part.camera].update(part.counts)
            self._drops[part.camera].update(part.drops)
        self._metrics.add(report)
        if (source_fps := report.gauges.get("source_fps")) is not None:
            self._source_fps[report.camera] = source_fps

    def count_result(self, found: Detections) -> None:
        """Count the result of a processor for a frame of a camera."""
        processors = self._results.setdefault(found.camera, {})
        processors.setdefault(found.processor, RecentRate(WINDOW_S, self._clock)).count()

    def count_status(self, status: Status) -> None:
        """Count a restart."""
        if status.state == "restarting":
            # A status does not name the only camera or processor, if that has no name.
            camera = status.camera or (UNNAMED if status.component == "provider" else None)
            processor = status.processor or (UNNAMED if status.component == "processor" else None)
            self._counters[camera]["restarts"] += 1
            self._metrics.add_restart(status.component, Subject(camera, processor))

    def measure_machine(self) -> None:
        """Measure how busy the machine was since the last call."""
        with contextlib.suppress(OSError):  # without a free file descriptor, the last value stays
            self._busy_percent = busy_percent()

    def flows(self, stage: str, fps: float, cameras: Collection[str], processor: str | None = None) -> bool:
        """Return whether frames of at least one of `cameras` pass `stage`, or the stage of `processor`.

        A rate of `fps` is configured; the sources may be slower. What a report assigns to no camera is of each of them.
        """

        def concerns(subject: Subject) -> bool:
            is_of_processor = processor is None or subject.processor in (None, processor)
            return is_of_processor and subject.camera in (None, *cameras)

        source_fps = max(self._source_fps.get(camera, self._source_fps.get(None, math.inf)) for camera in cameras)
        period_s = 1 / max(min(fps, source_fps), SLOWEST_FPS)
        times = (at for (subject, name), at in self._passed_at.items() if name == stage and concerns(subject))
        return self._clock() - max(times, default=-math.inf) < max(WINDOW_S, FRAMES_TO_MISS * period_s)

    def stats(self, viewers: int, camera: str | None = None) -> Stats:
        """Return the statistics of this moment, of one camera or of all.

        Those of one contain the roles that work for all cameras, and not what these measured of others.
        """
        figures = {
            subject: each for subject, each in self._window.figures().items() if camera in (None, subject.camera)
        }
        counters, drops = total(self._counters, camera), total(self._drops, camera)
        passed = (stage for subject, stage in self._passed_at if camera in (None, subject.camera))
        return Stats(
            viewers=viewers,
            rates=dict.fromkeys(passed, 0.0) | total_rates(figures.values()),
            counters=counters,
            drops={name: count for name, count in drops.items() if count},
            percentiles=times(figures.values()),
            roles=self._window.roles(lambda subject: camera is None or subject.camera in (None, camera)),
            cameras=by_name(figures, lambda subject: subject.camera),
            processors=by_name(figures, lambda subject: subject.processor),
            results={
                name: rounded({processor: each.per_second() for processor, each in processors.items()})
                for name, processors in self._results.items()
                if camera in (None, name)
            },
            machine={"cores": cores(), "busy_percent": round(self._busy_percent, 1)},
        )

    def prometheus_text(self, viewers: int) -> bytes:
        """Return the statistics of this moment in the exposition format of Prometheus."""
        rates = dict.fromkeys(self._passed_at, 0.0)
        for subject, figures in self._window.figures().items():
            rates |= {(subject, stage): round(rate, 2) for stage, rate in figures.rates.items()}
        return self._metrics.text(rates, self._window.roles(lambda _: True), viewers)


def by_name(
    figures: dict[Subject, Figures], name_of: Callable[[Subject], str | None]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return rates and times of each camera, or of each processor."""
    grouped: dict[str, list[Figures]] = defaultdict(list)
    for subject, each in figures.items():
        if (name := name_of(subject)) is not None:
            grouped[name].append(each)
    return {name: {"rates": total_rates(group), "percentiles": times(group)} for name, group in grouped.items()}


def total(counters: dict[str | None, Counter[str]], camera: str | None) -> dict[str, float]:
    """Return the sum of the counters of one camera, or of all."""
    found: Counter[str] = Counter()
    for name, each in counters.items():
        if camera in (None, name):
            found.update(each)
    return dict(found)
