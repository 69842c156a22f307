"""Resources of the app: processes, threads, open files, memory, shared segments; and their growth."""

from dataclasses import asdict, dataclass

import psutil

from tests.support.apps import App

# Allowed growth, for caches and connections that are closing. Of memory, a third and 30 MB: a restarted process shares
# fewer pages with the others, and heaps do not shrink.
ALLOWED = {"processes": 0, "threads": 4, "open_files": 8, "segments": 0}
ALLOWED_MB, ALLOWED_FACTOR = 30.0, 1.33


@dataclass(frozen=True)
class Inventory:
    """Totals of all processes of the app; memory is the proportional set size."""

    processes: int
    threads: int
    open_files: int
    segments: int
    memory_mb: float

    @classmethod
    def of(cls, app: App) -> "Inventory | None":
        """Return the current inventory, or None if a process ended meanwhile."""
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
        """Return a sentence for each resource that grew by more than is allowed."""
        was, now = asdict(before), asdict(self)
        limits = {name: was[name] + more for name, more in ALLOWED.items()}
        limits["memory_mb"] = was["memory_mb"] * ALLOWED_FACTOR + ALLOWED_MB
        return [f"{name} grew from {was[name]} to {now[name]}" for name in now if now[name] > limits[name]]
