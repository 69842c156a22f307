"""Append events to the spool from a thread, so that a slow disk does not delay the role."""

import logging
import threading
from collections import deque
from types import TracebackType
from typing import Self

from common.errors import SpoolError
from common.events.spool import Spool
from common.messaging.event import Event
from common.pacing import Throttle

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # events while the disk is slow or full; more are lost, and counted
RETRY_S = 1.0
JOIN_TIMEOUT_S = 2.0


class EventWriter:
    """Takes events without blocking and appends them in order; an append that fails is retried.

    `lost_count` is the number of events that found no room.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failures = Throttle(60)
        self.lost_count = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="event writer", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Append what is waiting, for JOIN_TIMEOUT_S at most."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(JOIN_TIMEOUT_S)

    def write(self, event: Event) -> None:
        """Queue an event. Never blocks."""
        with self._changed:
            if len(self._waiting) >= MAX_WAITING:
                self.lost_count += 1
                return
            self._waiting.append(event)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                events = tuple(self._waiting)
            if not self._append(events):
                with self._changed:
                    if self._closing:
                        return
                    self._changed.wait(RETRY_S)
                continue
            with self._changed:
                for _ in events:
                    self._waiting.popleft()

    def _append(self, events: tuple[Event, ...]) -> bool:
        """Open the spool each time: events are few, and a file that was removed or replaced is created again."""
        try:
            with self._spool as spool:
                spool.append(*events)
        except SpoolError as error:
            if self._failures.due():
                logger.error("events are kept in memory: %s", error)
            return False
        return True
