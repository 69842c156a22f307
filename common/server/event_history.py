"""The newest events, for programs and pages that ask for them."""

import sys
from itertools import islice
from typing import NamedTuple

from common.messaging.event import Event

MAX_EVENTS = 500
MAX_BYTES = 8 * 2**20


class KeptEvent(NamedTuple):
    """The camera of an event, and its message as it was received."""

    camera: str
    text: str


class EventHistory:
    """Keeps at most MAX_EVENTS events, and MAX_BYTES of them."""

    def __init__(self) -> None:
        self._events: dict[str, KeptEvent] = {}
        self._size = 0

    def add(self, event: Event, text: str) -> bool:
        """Add an event, unless it is there already: a role may send one again. Return whether it was new."""
        if event.event_id in self._events:
            return False
        self._events[event.event_id] = KeptEvent(event.camera, text)
        self._size += sys.getsizeof(text)
        while len(self._events) > MAX_EVENTS or self._size > MAX_BYTES:
            oldest = next(iter(self._events))
            self._size -= sys.getsizeof(self._events.pop(oldest).text)
        return True

    def newest(self, cameras: frozenset[str], limit: int) -> list[str]:
        """Return the newest `limit` events of `cameras`, oldest first."""
        found = [event.text for event in self._events.values() if event.camera in cameras]
        return found[-limit:]

    def since(self, event_id: str, cameras: frozenset[str], limit: int) -> list[str]:
        """Return the first `limit` events of `cameras` after this one; from the oldest on if it is not kept."""
        ids = list(self._events)
        start = ids.index(event_id) + 1 if event_id in self._events else 0
        events = islice(self._events.values(), start, None)
        return list(islice((event.text for event in events if event.camera in cameras), limit))
