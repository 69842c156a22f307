"""CPU and memory of this process."""

import contextlib

import psutil


class ProcessGauges:
    """Reads the gauges of this process; those that cannot be read keep their value."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._gauges: dict[str, float] = {}

    def read(self) -> dict[str, float]:
        """Return `cpu_percent` (100: one core) since the last call, and `memory_mb`."""
        with contextlib.suppress(OSError), self._process.oneshot():  # no file descriptor is left to read them with
            self._gauges = {"cpu_percent": self._process.cpu_percent(), "memory_mb": _memory_mb(self._process)}
        return self._gauges


def _memory_mb(process: psutil.Process) -> float:
    """Return the proportional set size on Linux (a shared page counts in part for each process), else the resident."""
    if psutil.LINUX:
        return float(process.memory_full_info().pss) / 2**20
    return float(process.memory_info().rss) / 2**20
