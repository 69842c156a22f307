"""What is run and in which order: every cell once a round, so that a machine that drifts harms all alike."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

IMPLEMENTATIONS = ("multiprocessing", "threading")
PEOPLE_SAY = {"multiprocessing": "processes", "threading": "threads"}

T = TypeVar("T")


@dataclass(frozen=True)
class Workload:
    """What the processor does with each frame beyond one inference."""

    name: str
    infer_repeat: int = 1
    python_work_ms: int = 0
    session_per_frame: bool = False

    def flags(self) -> list[str]:
        """All three settings, so that an environment variable cannot add to the workload."""
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


def interleaved(cells: Sequence[T], repeats: int, seed: int) -> Iterator[tuple[int, T]]:
    """Every cell once in each of `repeats` rounds, numbered from 1, in an order that `seed` shuffles anew each time."""
    shuffle = random.Random(seed).shuffle  # noqa: S311 - nothing secret
    for number in range(1, repeats + 1):
        this_round = list(cells)
        shuffle(this_round)
        for cell in this_round:
            yield number, cell
