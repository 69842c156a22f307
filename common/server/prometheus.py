"""The statistics as Prometheus reads them: totals that grow with every report, and gauges that are made when read."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from common.messaging.info import NodeInfo
from common.messaging.report import MetricsReport, Subject
from common.server.newest_detections import NewestDetections

SUBJECT = ("camera", "processor")  # labels, empty where a series is of neither: then Prometheus has no such label
STAGES_OF_CAMERAS = ("captured", "sent", "sent tile", "delivered", "painted")
STAGES_OF_PAIRS = ("queued", "overwritten", "taken", "processed")
ROLES = ("server", "provider", "processor")
DROPS_OF_CAMERAS = (
    ("provider", "replaced by a newer frame"),
    ("provider", "cannot be decoded"),
    ("server", "too large"),
    ("server", "socket busy"),
    ("server", "lost on the way"),
    ("server", "replaced by a newer frame"),
    ("server", "too old"),
    ("server", "clock unknown"),
    ("viewer", "slow"),
    ("viewer", "too many events"),
    ("stream", "slow"),
)
DROPS_OF_PROCESSORS = (("server", "too many events"), ("spool", "too many events"))
DROPS_OF_PAIRS = (
    ("processor", "too large"),
    ("processor", "too old"),
    ("processor", "clock unknown"),
    ("processor", "failed"),
)
DROPS_OF_THE_APP = (("log", "not read"),)
NOTHING = Subject(None, None)
# Seconds: from a small model on a fast core to a frame that is seconds old.
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5)
HISTOGRAMS = {
    "encode_ms": ("vision_encode_seconds", "Time to encode a frame as JPEG"),
    "inference_ms": ("vision_inference_seconds", "Time of session.run for a frame"),
    "processing_ms": ("vision_processing_seconds", "Time of the whole detector for a frame"),
    "processor_age_ms": ("vision_frame_age_at_processor_seconds", "Age of a frame when the processor takes it"),
    "paint_age_ms": ("vision_frame_age_at_paint_seconds", "Age of a frame when a viewer has painted it"),
}


class Metrics:
    """Totals since the start of the server. Known series exist, at 0, before their first event."""

    def __init__(self, cameras: Sequence[str], pairs: Sequence[Subject]) -> None:
        """`pairs` are those of a processor and a camera that it serves."""
        self._registry = registry = CollectorRegistry()
        self._frames = Counter("vision_frames", "Frames that passed a stage", ["stage", *SUBJECT], registry=registry)
        self._drops = Counter(
            "vision_drops",
            "Frames, events, or lines of the log, that a consumer never received, by cause",
            ["consumer", "cause", *SUBJECT],
            registry=registry,
        )
        self._restarts = Counter(
            "vision_restarts", "Restarts of a component", ["component", *SUBJECT], registry=registry
        )
        self._gil_delay = Histogram(
            "vision_gil_delay_seconds",
            "Delay after which a waiting thread of a role runs again",
            ["role"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._times = {
            name: Histogram(metric, text, SUBJECT, buckets=BUCKETS, registry=registry)
            for name, (metric, text) in HISTOGRAMS.items()
        }
        self._add_known_series([Subject(name, None) for name in cameras], pairs)

    def _add_known_series(self, cameras: Sequence[Subject], pairs: Sequence[Subject]) -> None:
        processors = [Subject(None, name) for name in dict.fromkeys(pair.processor for pair in pairs)]
        for subjects, stages in ((cameras, STAGES_OF_CAMERAS), (pairs, STAGES_OF_PAIRS)):
            for subject in subjects:
                for stage in stages:
                    self._frames.labels(stage, *labels(subject))
        for subjects, drops in (
            (cameras, DROPS_OF_CAMERAS),
            (processors, DROPS_OF_PROCESSORS),
            (pairs, DROPS_OF_PAIRS),
            ((NOTHING,), DROPS_OF_THE_APP),
        ):
            for subject in subjects:
                for consumer, cause in drops:
                    self._drops.labels(consumer, cause, *labels(subject))
        for component, subjects in (("server", (NOTHING,)), ("provider", cameras), ("processor", processors)):
            for subject in subjects:
                self._restarts.labels(component, *labels(subject))
        for role in ROLES:
            self._gil_delay.labels(role)

    def add(self, report: MetricsReport) -> None:
        """Add what a role measured since its last report."""
        for part in report.measurements():
            subject = labels(part.subject)
            for stage, count in part.counts.items():
                self._frames.labels(stage, *subject).inc(count)
            for name, count in part.drops.items():
                self._drops.labels(*name.split("/", 1), *subject).inc(count)
            for name, values in part.samples.items():
                is_delay = name == "gil_delay_ms"
                histogram = self._gil_delay.labels(report.role) if is_delay else self._times[name].labels(*subject)
                for value in values:
                    histogram.observe(value / 1000)

    def add_restart(self, component: str, subject: Subject) -> None:
        """Count a restart of a component of this camera or processor."""
        self._restarts.labels(component, *labels(subject)).inc()

    def text(
        self, rates: Mapping[tuple[Subject, str], float], roles: Mapping[str, Mapping[str, float]], viewers: int
    ) -> bytes:
        """Return the exposition format, version 0.0.4: the totals, and these gauges of the present."""
        return generate_latest(self._registry) + generate_latest(_gauges(rates, roles, viewers))


def labels(subject: Subject) -> tuple[str, str]:
    """Return the values of the labels of a subject."""
    return subject.camera or "", subject.processor or ""


def findings_text(detections: NewestDetections) -> bytes:
    """Return what processors found, in the exposition format."""
    registry = CollectorRegistry()
    objects = Gauge(
        "vision_objects", "Objects in the newest frame of a processor", [*SUBJECT, "label"], registry=registry
    )
    for subject, counts in detections.objects():
        for label, count in counts.items():
            objects.labels(*labels(subject), label).set(count)
    value = Gauge("vision_value", "Values that a processor reports", [*SUBJECT, "name"], registry=registry)
    for subject, values in detections.values():
        for name, number in values.items():
            value.labels(*labels(subject), name).set(number)
    return generate_latest(registry)


def _gauges(
    rates: Mapping[tuple[Subject, str], float], roles: Mapping[str, Mapping[str, float]], viewers: int
) -> CollectorRegistry:
    registry = CollectorRegistry()
    rate = Gauge("vision_rate_fps", "Frames per second at a stage, over 5 s", ["stage", *SUBJECT], registry=registry)
    for (subject, stage), fps in rates.items():
        rate.labels(stage, *labels(subject)).set(fps)
    cpu = Gauge("vision_cpu_cores", "Cores used by the process of a role", ["role"], registry=registry)
    memory = Gauge("vision_memory_bytes", "Memory of the process of a role", ["role"], registry=registry)
    for role, values in roles.items():
        cpu.labels(role).set(values.get("cpu_percent", 0) / 100)
        memory.labels(role).set(values.get("memory_mb", 0) * 2**20)
    Gauge("vision_viewers", "Connected viewers", registry=registry).set(viewers)
    return registry


def nodes_text(nodes: Mapping[str, NodeInfo]) -> bytes:
    """Return which nodes are connected, what was received of them and how late, in the exposition format."""
    registry = CollectorRegistry()
    connected = Gauge("vision_node_connected", "Whether a node is connected", ["node"], registry=registry)
    received = Counter("vision_node_received_bytes", "Bytes received of a node", ["node"], registry=registry)
    round_trip = Gauge(
        "vision_node_round_trip_seconds", "Time of a message to a node and back", ["node"], registry=registry
    )
    age = Gauge(
        "vision_node_frame_age_seconds", "Age of the newest frame of a node at its arrival", ["node"], registry=registry
    )
    for name, node in nodes.items():
        connected.labels(name).set(node.connected)
        received.labels(name).inc(node.received_bytes)
        for gauge, value_ms in ((round_trip, node.round_trip_ms), (age, node.frame_age_ms)):
            if value_ms is not None:
                gauge.labels(name).set(value_ms / 1000)
    return generate_latest(registry) if nodes else b""
