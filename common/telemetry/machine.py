"""What this machine has to give: its cores, how many of them the inference gets, and how busy they are."""

import os
from typing import TypeVar

import psutil

T = TypeVar("T")


def cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ours(by_core: list[T]) -> list[T]:
    """Of what is known by core, that of the cores that this process may run on."""
    if not hasattr(os, "sched_getaffinity"):
        return by_core
    return [by_core[core] for core in os.sched_getaffinity(0) if core < len(by_core)]


def inference_threads() -> int:
    """How many threads to give the inference on this machine.

    One core is left to the video, which must not wait: on two cores the second one buys a Tiny YOLO next to nothing
    (27.3 ms against 28.4), and beyond four threads networks this small gain little.
    """
    return min(max(cores() - 1, 1), 4)


def busy_percent() -> float:
    """How busy those cores were since the last call, with the work of all programs: 100 when none was ever idle."""
    busy = ours(psutil.cpu_percent(percpu=True))
    return sum(busy) / max(1, len(busy))
