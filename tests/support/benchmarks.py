"""Results of a benchmark on an idle machine of two cores, as a starting point for tests."""

from typing import Any

from benchmark.cases import IMPLEMENTATIONS, WORKLOADS
from benchmark.results import (
    BackgroundLoad,
    Baseline,
    BenchmarkSettings,
    CamerasResults,
    CamerasRun,
    Environment,
    NodesResults,
    NodesRun,
    NodeUsage,
    PipelineResults,
    PipelineRun,
    TransportResults,
    TransportRun,
    ViewerResult,
    ViewersResults,
    ViewersRun,
)

EVEN = (66.0, 67.0) * 30
STUTTERING = (20.0, 180.0) * 20  # 10 FPS
QUIET, BUSY = BackgroundLoad(measuring_cpu=0.02, others=0.01), BackgroundLoad(measuring_cpu=0.02, others=0.6)
ROLES = ("server", "provider", "processor")

ENVIRONMENT = Environment(
    cpu="A CPU",
    cores=2,
    usable_cores=2,
    memory_mb=8192,
    system="Linux",
    python="CPython 3.11.7",
    gil=dict.fromkeys((*ROLES, "all in one process"), True),
    switch_interval_ms=5,
    packages={"numpy": "2.4"},
    threads={"onnxruntime": 1, "OpenCV": 1},
)
SETTINGS = BenchmarkSettings(
    command="python main.py bench --seed 1",
    source="road.mp4",
    model="cars.onnx",
    capture_fps=30,
    ui_fps=15,
    queue_fps=5,
    jpeg_quality=80,
    seconds=4,
    warm_up_s=1,
    repeats=1,
    order_seed=1,
)
BASELINE = Baseline(
    width=640,
    height=360,
    jpeg_bytes=20_000,
    memcpy_ms=0.05,
    encode_ms=1.5,
    echo_ms=0.5,
    session_run_ms=20,
    session_run_cpu_ms=20,
)
START: dict[str, Any] = {"started_at": "2030-01-01T00:00:00+00:00", "environment": ENVIRONMENT, "settings": SETTINGS}


def pipeline_run(implementation: str, workload: str = "none", **changes: Any) -> PipelineRun:
    """Return a run of 4 s with 5 results per second; `gil_delay_ms` is the delay p99 of every role."""
    delay = changes.pop("gil_delay_ms", 0.2)
    intervals = changes.get("interval_ms", EVEN)
    together = implementation == "threading"
    run = {
        "implementation": implementation,
        "workload": workload,
        "round": 1,
        "first_frame_s": 1.0,
        "seconds": sum(intervals) / 1000,
        "interval_ms": intervals,
        "frame_age_ms": (4.0,) * len(intervals),
        "inference_ms": (22.0,) * 20,
        "processing_ms": (24.0,) * 20,
        "gil_delay_p50_ms": dict.fromkeys(ROLES, (delay / 2,) * 4),
        "gil_delay_p99_ms": dict.fromkeys(ROLES, (delay,) * 4),
        "queued": 20,
        "overwritten": 5,
        "cpu": {"all roles": 0.25} if together else dict.fromkeys((*ROLES, "parent"), 0.0625),
        "memory_mb": 110.0 if together else 230.0,
        "background": QUIET,
    }
    return PipelineRun(**(run | changes))


def pipeline_results(*changed: PipelineRun) -> PipelineResults:
    """Return results with one run of every case; `changed` replace the runs of their cases."""
    runs = {(each.implementation, each.workload): each for each in changed}
    for implementation in IMPLEMENTATIONS:
        for workload in WORKLOADS:
            runs.setdefault((implementation, workload.name), pipeline_run(implementation, workload.name))
    times = dict.fromkeys(IMPLEMENTATIONS, 0.1)
    return PipelineResults(**START, baseline=BASELINE, put_ms=times, hand_over_ms=times, runs=tuple(runs.values()))


def transport_results(*runs: TransportRun) -> TransportResults:
    """Return results with these runs, and a memcpy time."""
    return TransportResults(**START, memcpy_ms={"640×360": 0.05}, runs=runs)


def transport_run(queue: str, put_ms: tuple[float, ...], **changes: Any) -> TransportRun:
    """Return a run with small frames and a busy consumer."""
    run = {
        "queue": queue, "width": 640, "height": 360, "put_fps": 30, "taking_ms": 200, "round": 1, "seconds": 1,
        "put_ms": put_ms, "hand_over_ms": (1.0,), "puts": len(put_ms), "overwritten": 0, "refused": 0,
        "background": QUIET,
    }  # fmt: skip
    return TransportRun(**(run | changes))


def viewers_results(*runs: ViewersRun) -> ViewersResults:
    """Return results with these runs."""
    return ViewersResults(**START, runs=runs)


def viewers_run(implementation: str, fps: tuple[float, ...], **changes: Any) -> ViewersRun:
    """Return a run in which the reading viewers received `fps`, with one more viewer that never read."""
    run = {
        "implementation": implementation, "viewers": len(fps) + 1, "stalled": 1, "round": 1, "seconds": 4,
        "reading": tuple(ViewerResult(ui_fps=each, interval_p99_ms=70, frame_age_p99_ms=9) for each in fps),
        "server_cpu": 0.1, "server_memory_before_mb": 40, "server_memory_begin_mb": 42, "server_memory_end_mb": 43,
        "background": QUIET,
    }  # fmt: skip
    return ViewersRun(**(run | changes))


def cameras_results(*runs: CamerasRun) -> CamerasResults:
    """Return results with these runs."""
    return CamerasResults(**START, runs=runs)


def cameras_run(implementation: str, workload: str, count: int, **changes: Any) -> CamerasRun:
    """Return a run in which every camera has 15 FPS; `changes` of a `ViewerResult` are those of the last camera."""
    even = ViewerResult(ui_fps=15, interval_p99_ms=70, frame_age_p99_ms=9, results_per_s=5)
    last = even.model_copy(update={name: changes.pop(name) for name in list(changes) if name in even.model_fields_set})
    run = {
        "implementation": implementation, "workload": workload, "round": 1, "seconds": 10, "cpu": 0.1 * count,
        "viewers": (*[even] * (count - 1), last), "memory_mb": 200, "background": QUIET,
    }  # fmt: skip
    return CamerasRun(**(run | changes))


def nodes_results(*runs: NodesRun) -> NodesResults:
    """Return results with these runs."""
    return NodesResults(**START, runs=runs)


def nodes_run(cameras: int, servers: int, viewers: int) -> NodesRun:
    """Return a run in which a node costs 1 % of a core, a camera 10 %, and a viewer 2 % at its server."""

    def usage(node: str, roles_cpu: float, kb_per_s: float = 0.0) -> NodeUsage:
        return NodeUsage(
            node=node, main_cpu=0.01, main_mb=40, roles_cpu=roles_cpu, roles_mb=80,
            sent_kb_per_s=kb_per_s, received_kb_per_s=1,
        )  # fmt: skip

    even = ViewerResult(ui_fps=15, interval_p99_ms=70, frame_age_p99_ms=9, results_per_s=5)
    of_server = [usage(f"server{number}", 0.01 + 0.02 * viewers / servers) for number in range(1, servers + 1)]
    return NodesRun(
        cameras=cameras, servers=servers, viewers=(even,) * viewers, round=1, seconds=10, background=QUIET,
        nodes=(*of_server, usage("cameras", 0.01 + 0.1 * cameras, 500 * cameras), usage("processor", 0.05 * cameras)),
    )  # fmt: skip
