"""/metrics: the same statistics as Prometheus reads them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from common.messaging.messages import MetricsReport

# Seconds: from a small network on a fast core to a frame that is seconds old.
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5)
HISTOGRAMS = {
    "encode_ms": "vision_encode_seconds",
    "inference_ms": "vision_inference_seconds",
    "processing_ms": "vision_processing_seconds",
    "processor_age_ms": "vision_frame_age_at_processor_seconds",
    "paint_age_ms": "vision_frame_age_at_paint_seconds",
}


class Exporter:
    """A registry of its own: nothing of other libraries, and a new one for every server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._frames = Counter("vision_frames", "Frames that passed a stage", ["stage"], registry=registry)
        self._drops = Counter(
            "vision_drops", "Frames a consumer never got, by cause", ["consumer", "cause"], registry=registry
        )
        self._restarts = Counter("vision_restarts", "Times a component was restarted", ["component"], registry=registry)
        self._rate = Gauge("vision_rate_fps", "Frames a second at a stage, over 5 s", ["stage"], registry=registry)
        self._viewers = Gauge("vision_viewers", "Viewers connected", registry=registry)
        self._cpu = Gauge("vision_cpu_cores", "Cores used by the process of a role", ["role"], registry=registry)
        self._memory = Gauge("vision_memory_bytes", "Memory of the process of a role", ["role"], registry=registry)
        self._gil = Histogram(
            "vision_gil_delay_seconds",
            "How late a waiting thread of a role ran again",
            ["role"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._times = {
            name: Histogram(metric, f"{name.removesuffix('_ms')}, in seconds", buckets=BUCKETS, registry=registry)
            for name, metric in HISTOGRAMS.items()
        }

    def add(self, report: MetricsReport) -> None:
        """Take in what a role measured since its last report."""
        for stage, count in report.counts.items():
            self._frames.labels(stage).inc(count)
        for name, count in report.drops.items():
            self._drops.labels(*name.split("/", 1)).inc(count)
        for name, values in report.samples.items():
            histogram = self._gil.labels(report.role) if name == "gil_delay_ms" else self._times[name]
            for value in values:
                histogram.observe(value / 1000)

    def add_restart(self, component: str) -> None:
        """Count a restart."""
        self._restarts.labels(component).inc()

    def set_state(self, rates: dict[str, float], roles: dict[str, dict[str, float]], viewers: int) -> None:
        """The gauges that are known only now; `rates` by stage, of those that stand still too, `roles` by role."""
        for stage, rate in rates.items():
            self._rate.labels(stage).set(rate)
        self._cpu.clear()  # of roles that are gone
        self._memory.clear()
        for role, gauges in roles.items():
            self._cpu.labels(role).set(gauges.get("cpu_percent", 0) / 100)
            self._memory.labels(role).set(gauges.get("memory_mb", 0) * 2**20)
        self._viewers.set(viewers)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self._registry)
