"""The statistics as Prometheus reads them: totals that grow with every report, and gauges that are made when read."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from common.messaging.report import MetricsReport

STAGES = ("captured", "queued", "overwritten", "taken", "processed", "sent", "sent tile", "delivered", "painted")
ROLES = ("server", "provider", "processor")
DROPS = (
    ("provider", "replaced by a newer frame"),
    ("processor", "too large"),
    ("processor", "failed"),
    ("server", "too large"),
    ("server", "socket busy"),
    ("viewer", "slow"),
    ("stream", "slow"),
    ("log", "not read"),
)
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

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._frames = Counter("vision_frames", "Frames that passed a stage", ["stage"], registry=registry)
        self._drops = Counter(
            "vision_drops",
            "Frames, or lines of the log, that a consumer never received, by cause",
            ["consumer", "cause"],
            registry=registry,
        )
        self._restarts = Counter("vision_restarts", "Restarts of a component", ["component"], registry=registry)
        self._gil_delay = Histogram(
            "vision_gil_delay_seconds",
            "Delay after which a waiting thread of a role runs again",
            ["role"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._times = {
            name: Histogram(metric, text, buckets=BUCKETS, registry=registry)
            for name, (metric, text) in HISTOGRAMS.items()
        }
        for stage in STAGES:
            self._frames.labels(stage)
        for consumer, cause in DROPS:
            self._drops.labels(consumer, cause)
        for role in ROLES:
            self._restarts.labels(role)
            self._gil_delay.labels(role)

    def add(self, report: MetricsReport) -> None:
        """Add what a role measured since its last report."""
        for stage, count in report.counts.items():
            self._frames.labels(stage).inc(count)
        for name, count in report.drops.items():
            self._drops.labels(*name.split("/", 1)).inc(count)
        for name, values in report.samples.items():
            histogram = self._gil_delay.labels(report.role) if name == "gil_delay_ms" else self._times[name]
            for value in values:
                histogram.observe(value / 1000)

    def add_restart(self, component: str) -> None:
        """Count a restart."""
        self._restarts.labels(component).inc()

    def text(self, rates: dict[str, float], roles: dict[str, dict[str, float]], viewers: int) -> bytes:
        """Return the exposition format, version 0.0.4: the totals, and these gauges of the present."""
        return generate_latest(self._registry) + generate_latest(_gauges(rates, roles, viewers))


def _gauges(rates: dict[str, float], roles: dict[str, dict[str, float]], viewers: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    rate = Gauge("vision_rate_fps", "Frames per second at a stage, over 5 s", ["stage"], registry=registry)
    for stage, fps in (dict.fromkeys(STAGES, 0.0) | rates).items():
        rate.labels(stage).set(fps)
    cpu = Gauge("vision_cpu_cores", "Cores used by the process of a role", ["role"], registry=registry)
    memory = Gauge("vision_memory_bytes", "Memory of the process of a role", ["role"], registry=registry)
    for role, values in roles.items():
        cpu.labels(role).set(values.get("cpu_percent", 0) / 100)
        memory.labels(role).set(values.get("memory_mb", 0) * 2**20)
    Gauge("vision_viewers", "Connected viewers", registry=registry).set(viewers)
    return registry
