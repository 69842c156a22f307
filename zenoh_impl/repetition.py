"""What a role sends again after its link to a server was made again, and when."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator

from common.messaging.outbox import MAX_EVENTS
from common.pacing import Clock

UNNOTICED_S = 5.0  # for which a link can be lost before that is known: the lease and the time-outs of TCP
# The token of a server can arrive before there is a route to it, and Zenoh drops what has none. Routes are computed at
# most every 100 ms (link_check.py), later on a busy machine.
ROUTED_S, SURELY_ROUTED_S = 0.3, 2.0


class Repetition:
    """Keeps the newest events that were sent. A server knows by their ids which of them it has.

    The threads of Zenoh and the one that sends use it at once.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: deque[tuple[float, str]] = deque(maxlen=MAX_EVENTS)  # and when they were sent
        self._lost_at = math.inf
        self._ready_at = -math.inf
        self._due: tuple[float, ...] = ()

    def connect(self, *, is_only: bool) -> None:
        """A server is connected; `is_only` where there is no other, whose events would have to wait with its own."""
        now = self._clock()
        with self._lock:
            self._due = (now + ROUTED_S, now + SURELY_ROUTED_S)
            if is_only:
                self._ready_at = now + ROUTED_S

    def disconnect(self) -> None:
        """A server is lost."""
        self._lost_at = self._clock()

    def is_ready(self) -> bool:
        """Return whether there is normally a route, so that events arrive in order."""
        return self._clock() >= self._ready_at

    def is_due(self) -> bool:
        """Return whether to send again. True once for each time that was due."""
        now = self._clock()
        with self._lock:
            before, self._due = self._due, tuple(at for at in self._due if at > now)
            return self._due != before

    def add_event(self, text: str) -> None:
        """An event was sent."""
        self._events.append((self._clock(), text))

    def missed_events(self) -> Iterator[str]:
        """Yield the events that a server may have missed before it was lost, and those sent since."""
        return (text for sent_at, text in self._events if sent_at >= self._lost_at - UNNOTICED_S)
