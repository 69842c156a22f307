"""Who had the processor during a run: each process of the app, the measuring itself, and all other programs."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from benchmark.errors import MeasuringError
from benchmark.results import Surroundings
from common.telemetry.machine import cores, of_usable_cores

MUCH = 0.1  # of the machine, for other programs: from here on a run is marked


@dataclass(frozen=True)
class CpuTimes:
    """CPU seconds used up to a moment: by the whole machine, by this process, by each process that is looked at."""

    at: float
    machine_s: float
    measuring_s: float
    by_pid: dict[int, float]


@dataclass(frozen=True)
class Load:
    """The same between two moments, in cores."""

    by_pid: dict[int, float]
    surroundings: Surroundings


def cpu_times(processes: Iterable[psutil.Process] = (), measuring: psutil.Process | None = None) -> CpuTimes:
    """What was used up to now. `measuring` is the process that measures, this one by default.

    Raises MeasuringError when one of them is gone.
    """
    try:
        by_pid = {process.pid: _used_s(process) for process in processes}
        return CpuTimes(time.monotonic(), _machine_s(), _used_s(measuring or psutil.Process()), by_pid)
    except psutil.NoSuchProcess as error:
        raise MeasuringError("a process of the app ended while it was measured; see its messages above") from error


def load_between(before: CpuTimes, after: CpuTimes) -> Load:
    """Cores used by each, and the share of the machine that went to none of them."""
    elapsed_s = after.at - before.at
    by_pid = {pid: (after.by_pid[pid] - used_s) / elapsed_s for pid, used_s in before.by_pid.items()}
    measuring = (after.measuring_s - before.measuring_s) / elapsed_s
    machine = (after.machine_s - before.machine_s) / elapsed_s
    others = max(0.0, machine - measuring - sum(by_pid.values())) / cores()
    return Load(by_pid, Surroundings(measuring_cpu=round(measuring, 4), others=round(others, 4)))


def _used_s(process: psutil.Process) -> float:
    """With what its children had used when they ended: the consumer of a queue is such a child of the measuring."""
    return sum(process.cpu_times()[:4])


def _machine_s() -> float:
    """All but idling, of our cores; time that a hypervisor gave to other machines counts as taken by others."""
    return sum(
        sum(times)
        - times.idle
        - getattr(times, "iowait", 0.0)
        - getattr(times, "guest", 0.0)  # counted in user and nice already, as the next
        - getattr(times, "guest_nice", 0.0)
        for times in of_usable_cores(psutil.cpu_times(percpu=True))
    )
