"""Simulated time: a clock that is also a stop signal, whose waits advance the clock instead of blocking."""


class SimulatedTime:
    """A clock in seconds and a StopSignal. `beats_s` are the times of the heartbeats."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.stop_at_s = float("inf")
        self.beats_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def set(self) -> None:
        self.stop_at_s = self.now_s

    def is_set(self) -> bool:
        return self.now_s >= self.stop_at_s

    def wait(self, timeout_s: float | None = None) -> bool:
        assert timeout_s is not None
        if not self.is_set():
            self.now_s += timeout_s
        return self.is_set()

    def beat(self) -> None:
        self.beats_s.append(self.now_s)

    def beats(self) -> int:
        return len(self.beats_s)


class Statuses(list[tuple[str, str]]):
    """Collects the statuses of a source; passed as on_status."""

    def __call__(self, state: str, message: str) -> None:
        self.append((state, message))

    def states(self) -> list[str]:
        return [state for state, _ in self]
