"""What the app holds: processes, threads, open files, memory and shared segments, and how much it grew."""

from dataclasses import asdict, dataclass

import psutil

from tests.support.apps import App

# What may be more at the end: a cache that filled, a connection that is just closing. Of memory a third and 30 MB,
# since a process that was started anew shares fewer pages with the others, and heaps do not shrink.
MORE = {"processes": 0, "threads": 4, "open_files": 8, "segments": 0}
MORE_MB, MORE_TIMES = 30.0, 1.33


@dataclass(frozen=True)
class Inventory:
    """All processes of the app together; memory is their proportional set size."""

    processes: int
    threads: int
    open_files: int
    segments: int
    memory_mb: float

    @classmethod
    def of(cls, app: App) -> "Inventory | None":
        """As it is now; None when a process ended while it was taken."""
        processes = app.processes()
        try:
            return cls(
                processes=len(processes),
                threads=sum(process.num_threads() for process in processes),
                open_files=sum(process.num_fds() for process in processes),
                segments=len(app.segments()),
                memory_mb=round(sum(process.memory_full_info().pss for process in processes) / 2**20, 1),
            )
        except psutil.Error:
            return None

    def growth(self, before: "Inventory") -> list[str]:
        """What is more than it was `before`, by more than it may."""
        was, now = asdict(before), asdict(self)
        most = {name: was[name] + more for name, more in MORE.items()}
        most["memory_mb"] = was["memory_mb"] * MORE_TIMES + MORE_MB
        return [f"{name} grew from {was[name]} to {now[name]}" for name in now if now[name] > most[name]]
