"""CPU usage during a run: by each process of the app, by the benchmark itself, and by other programs."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from benchmark.errors import MeasuringError
from benchmark.results import BackgroundLoad
from common.telemetry.machine import cores, of_usable_cores


@dataclass(frozen=True)
class CpuTimes:
    """CPU seconds used until `at` (monotonic) by the machine, the measuring process, and other processes by PID."""

    at: float
    machine_s: float
    measuring_s: float
    by_pid: dict[int, float]


@dataclass(frozen=True)
class CpuUsage:
    """Cores used between two `CpuTimes`, by PID, and the load beside them."""

    by_pid: dict[int, float]
    background: BackgroundLoad


def cpu_times(processes: Iterable[psutil.Process] = (), measuring: psutil.Process | None = None) -> CpuTimes:
    """Read the CPU times of `processes` and of the measuring process, by default this one.

    Raises MeasuringError when one of them has ended.
    """
    try:
        by_pid = {process.pid: _used_s(process) for process in processes}
        return CpuTimes(time.monotonic(), _machine_s(), _used_s(measuring or psutil.Process()), by_pid)
    except psutil.NoSuchProcess as error:
        raise MeasuringError("a process of the app ended while it was measured; see its messages above") from error


def usage_between(before: CpuTimes, after: CpuTimes) -> CpuUsage:
    """Return the cores used by each process, and by none of them."""
    elapsed_s = after.at - before.at
    by_pid = {pid: (after.by_pid[pid] - used_s) / elapsed_s for pid, used_s in before.by_pid.items()}
    measuring = (after.measuring_s - before.measuring_s) / elapsed_s
    machine = (after.machine_s - before.machine_s) / elapsed_s
    others = max(0.0, machine - measuring - sum(by_pid.values())) / cores()
    return CpuUsage(by_pid, BackgroundLoad(measuring_cpu=round(measuring, 4), others=round(others, 4)))


def _used_s(process: psutil.Process) -> float:
    """Return user and system time, those of ended children included: the consumer of a queue is such a child."""
    return sum(process.cpu_times()[:4])


def _machine_s() -> float:
    """Return the busy time of the usable cores; time stolen by the hypervisor counts as used by other programs."""
    return sum(
        sum(times)
        - times.idle
        - getattr(times, "iowait", 0.0)
        - getattr(times, "guest", 0.0)  # guest and guest_nice are included in user and nice: proc(5), /proc/stat
        - getattr(times, "guest_nice", 0.0)
        for times in of_usable_cores(psutil.cpu_times(percpu=True))
    )
