"""The rate of events over the last seconds."""

from collections import deque

from common.pacing import Clock


class RecentRate:
    """Events per second over `window_s`, or since the first one while that is less."""

    def __init__(self, window_s: float, clock: Clock) -> None:
        self._window_s = window_s
        self._clock = clock
        self._times: deque[float] = deque()
        self._first_at: float | None = None

    def count(self) -> None:
        """Count an event that happens now."""
        now = self._clock()
        if self._first_at is None:
            self._first_at = now  # where the first interval begins: counting it would add one
        else:
            self._times.append(now)
        self._discard_old(now)

    def per_second(self) -> float:
        """Return the rate; 0 before a second has passed since the first event."""
        now = self._clock()
        self._discard_old(now)
        span_s = min(self._window_s, now - (now if self._first_at is None else self._first_at))
        return len(self._times) / span_s if span_s >= 1 else 0.0

    def _discard_old(self, now: float) -> None:
        while self._times and self._times[0] <= now - self._window_s:
            self._times.popleft()
