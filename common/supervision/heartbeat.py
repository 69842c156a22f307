"""Heartbeats: sent by a role in its loop and its waits, and monitored by the supervisor."""

import math
import time

from common.interfaces import StopSignal
from common.pacing import Clock

BEAT_S = 0.5  # period of the heartbeats during a wait
TIMEOUT_S = 5.0  # of a run that has sent a heartbeat; the next is due after BEAT_S, or after a frame
START_TIMEOUT_S = 60.0  # of one that has not: it imports libraries, loads a model of 100 MB and runs it once
SLOW_FACTOR = 3  # a run whose longest pause was P has a timeout of SLOW_FACTOR * P: a large model, a slow machine
MAX_TIMEOUT_S = 60.0
MAX_STEP_S = 0.5  # see Watchdog; the supervisor checks 20 times a second


def wait_with_heartbeat(stop: StopSignal, timeout_s: float = math.inf) -> bool:
    """Wait for `stop` up to `timeout_s` seconds with a heartbeat every BEAT_S, and return whether it is set."""
    left_s = timeout_s
    while True:
        stop.beat()
        if stop.wait(max(0.0, min(BEAT_S, left_s))):
            return True
        left_s -= BEAT_S
        if left_s <= 0:
            return False


class Watchdog:
    """A timer that expires when one run of a role sends no heartbeat for too long.

    At most MAX_STEP_S of the time between two checks counts. When more has passed, the supervisor itself was held up:
    the machine was suspended, or its processes were stopped or starved, and the roles with them.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._checked_at = clock()
        self._beats = 0
        self._longest_pause_s = 0.0
        self.pause_s = 0.0

    def is_expired(self, beats: int) -> bool:
        """Return whether the role hangs. `beats` is the number of its heartbeats so far."""
        now = self._clock()
        self.pause_s += min(now - self._checked_at, MAX_STEP_S)
        self._checked_at = now
        if beats != self._beats:
            self._beats = beats
            self._longest_pause_s = max(self._longest_pause_s, self.pause_s)
            self.pause_s = 0.0
        return self.pause_s > self._timeout_s()

    def _timeout_s(self) -> float:
        if self._beats == 0:
            return START_TIMEOUT_S
        return max(TIMEOUT_S, min(SLOW_FACTOR * self._longest_pause_s, MAX_TIMEOUT_S))
