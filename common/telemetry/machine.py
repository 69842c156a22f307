"""This machine: its cores, the number of inference threads, and how busy the cores are."""

import os
from typing import TypeVar

import psutil

T = TypeVar("T")


def cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def of_usable_cores(by_core: list[T]) -> list[T]:
    """Return those of the values, one per core of the machine, that belong to a core this process may run on."""
    if not hasattr(os, "sched_getaffinity"):
        return by_core
    return [by_core[core] for core in os.sched_getaffinity(0) if core < len(by_core)]


def inference_threads() -> int:
    """Return the number of inference threads: one less than the cores, at least 1 and at most 4.

    One core is left to the video. Further threads gain little with networks this small: of a Tiny YOLOv3 of 35 MB,
    two threads took 27.3 ms and one 28.4 ms.
    """
    return min(max(cores() - 1, 1), 4)


def busy_percent() -> float:
    """Return the mean load of the usable cores since the last call, 0 to 100, by the programs of the whole machine."""
    busy = of_usable_cores(psutil.cpu_percent(percpu=True))
    return sum(busy) / max(1, len(busy))
