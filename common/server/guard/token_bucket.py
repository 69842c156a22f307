"""Token bucket: limits a rate and permits bursts."""

import time

from common.pacing import Clock


class TokenBucket:
    """Holds `capacity` tokens at first, and gains `rate_per_s` of them a second up to that number."""

    def __init__(self, rate_per_s: float, capacity: float, clock: Clock = time.monotonic) -> None:
        self._rate_per_s = rate_per_s
        self._capacity = capacity
        self._clock = clock
        self._tokens = capacity
        self._updated_at = clock()

    def take(self, count: float) -> bool:
        """Take `count` tokens if there are as many, and return whether there were."""
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._updated_at) * self._rate_per_s)
        self._updated_at = now
        if count > self._tokens:
            return False
        self._tokens -= count
        return True
