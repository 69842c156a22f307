"""An allowance: so much at once, and so much a second; who takes more is known by it."""

import time

from common.pacing import Clock


class Allowance:
    """Full at first, and filled up again by `per_s` a second, never above `most`."""

    def __init__(self, per_s: float, most: float, clock: Clock = time.monotonic) -> None:
        self._per_s = per_s
        self._most = most
        self._clock = clock
        self._left = most
        self._seen = clock()

    def take(self, cost: float) -> bool:
        """Take `cost` out of it; False when there is not so much left."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._seen) * self._per_s)
        self._seen = now
        if cost > self._left:
            return False
        self._left -= cost
        return True
