"""The clocks of other nodes: each node answers requests for its time, and the nodes that receive from it send them."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread

import zenoh

from common.pacing import Clock, Throttle

from . import keys
from .clock_filter import ClockFilter, Exchange
from .session import direct

logger = logging.getLogger(__name__)

PERIOD_S = 2.0  # of the exchanges with each node
TIMEOUT_S = 5.0
LOG_S = 5.0  # after which it is not normal that the clock of a node that sends frames is unknown


@contextmanager
def answering(session: zenoh.Session, node: str, clock: Clock = time.time) -> Iterator[None]:
    """Answer as `node` with its time, until the context is left."""

    def answer(query: zenoh.Query) -> None:
        received_at = clock()
        query.reply(keys.clock(node), f"{received_at!r} {clock()!r}")

    with session.declare_queryable(keys.clock(node), direct(answer)):
        yield


class Clocks:
    """Estimates the offsets of the clocks of the nodes that it follows. Any thread may use it."""

    def __init__(self, session: zenoh.Session, clock: Clock = time.time) -> None:
        """Start nothing."""
        self._session = session
        self._clock = clock
        self._filters: dict[str, ClockFilter] = {}
        self._unknown_since: dict[str, float] = {}
        self._unknown_log = Throttle(60)
        self._ended = Event()
        self._thread = Thread(target=self._run, name="clocks", daemon=True)

    def start(self) -> None:
        """Start to ask. Called once."""
        self._thread.start()

    def close(self) -> None:
        """End, before the session is closed."""
        self._ended.set()
        self._thread.join(TIMEOUT_S)

    def follow(self, node: str) -> None:
        """Ask a node for its time now, and from now on."""
        self._filters.setdefault(node, ClockFilter())
        self._ask(node)

    def local_time(self, node: str, at: float) -> float | None:
        """Return the time here (Unix time) at time `at` of a node, or None if its offset is not known yet."""
        best = self._best(node)
        if best is None:
            self.follow(node)
            self._log_unknown(node)
            return None
        self._unknown_since.pop(node, None)
        return at - best.offset_s

    def round_trip_s(self, node: str) -> float | None:
        """Return the least round-trip time of the last exchanges with a node, or None before the first one."""
        best = self._best(node)
        return None if best is None else best.delay_s

    def _best(self, node: str) -> Exchange | None:
        return self._filters[node].best() if node in self._filters else None

    def _log_unknown(self, node: str) -> None:
        since = self._unknown_since.setdefault(node, time.monotonic())
        if time.monotonic() - since > LOG_S and self._unknown_log.due():
            logger.warning(
                "frames and detections of node %s are dropped: it does not answer on %s", node, keys.clock(node)
            )

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S):
            for node in tuple(self._filters):
                self._ask(node)

    def _ask(self, node: str) -> None:
        """Send a request. It is small, and neither waits for frames nor is sent late."""
        with suppress(zenoh.ZError):  # the session was closed
            self._session.get(
                keys.clock(node),
                direct(partial(self._on_reply, node, self._clock())),
                timeout=TIMEOUT_S,
                congestion_control=zenoh.CongestionControl.DROP,
                priority=zenoh.Priority.REAL_TIME,
                express=True,
            )

    def _on_reply(self, node: str, sent_at: float, reply: zenoh.Reply) -> None:
        returned_at = self._clock()
        if reply.ok is not None and (times := parse_times(reply.ok.payload.to_string())) is not None:
            self._filters[node].add(Exchange(sent_at, *times, returned_at))


def parse_times(text: str) -> tuple[float, float] | None:
    """Return the two times of a reply, or None if it is not valid."""
    try:
        received_at, replied_at = map(float, text.split())
    except ValueError:
        return None
    return (received_at, replied_at) if math.isfinite(received_at) and math.isfinite(replied_at) else None
