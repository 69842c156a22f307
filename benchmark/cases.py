"""What is compared: implementations and workloads, by name."""

from dataclasses import dataclass

IMPLEMENTATIONS = ("multiprocessing", "threading")
IMPLEMENTATION_LABELS = {"multiprocessing": "processes", "threading": "threads"}


@dataclass(frozen=True)
class Workload:
    """What the processor does with each frame in addition to one inference."""

    name: str
    infer_repeat: int = 1
    python_work_ms: int = 0
    session_per_frame: bool = False

    def flags(self) -> list[str]:
        """Return all three experiment flags, so that environment variables cannot change the workload."""
        session = "--session-per-frame" if self.session_per_frame else "--no-session-per-frame"
        return [f"--infer-repeat={self.infer_repeat}", f"--python-work-ms={self.python_work_ms}", session]


NO_LOAD = "none"
WORKLOADS = (
    Workload(NO_LOAD),
    Workload("inference ×5", infer_repeat=5),
    Workload("Python 50 ms", python_work_ms=50),
    Workload("Python 100 ms", python_work_ms=100),
    Workload("session per frame", session_per_frame=True),
)
WORKLOADS_BY_NAME = {workload.name: workload for workload in WORKLOADS}
