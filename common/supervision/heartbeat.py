"""Heartbeats: detect a role that no longer runs its loop."""

import math
import time

from common.interfaces import StopSignal
from common.pacing import Clock

BEAT_S = 0.5  # period of the heartbeats during a wait for stop
START_S = 60.0  # until the first beat: libraries are imported, a model of 100 MB is loaded and run for the first time
SILENCE_S = 5.0  # of a role that beat before. Beats come twice a second, or after each frame
SLOWER = 3  # times the longest silence that this run came back from, as when a large model runs on a slow machine
LONGEST_S = 60.0  # however slow it is
BLINK_S = 0.5  # the supervisor looks 20 times a second; see Heartbeat


class Heartbeat:
    """How long one run of a role has been silent.

    Time counts only while the supervisor gets on itself. Where a look comes long after the one before, it was held up:
    the machine was suspended, or all its processes were stopped, or starved; and so were the roles, which must not be
    blamed for it.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()
        self._beats = 0
        self._longest_s = 0.0
        self.silent_s = 0.0

    def is_lost(self, beats: int) -> bool:
        """Whether the role has been silent for too long. `beats` is how often it has beaten by now."""
        now = self._clock()
        self.silent_s += min(now - self._looked_at, BLINK_S)
        self._looked_at = now
        if beats != self._beats:
            self._beats = beats
            self._longest_s = max(self._longest_s, self.silent_s)
            self.silent_s = 0.0
        return self.silent_s > self._limit_s()

    def _limit_s(self) -> float:
        if self._beats == 0:
            return START_S
        return max(SILENCE_S, min(SLOWER * self._longest_s, LONGEST_S))


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
