"""Frames for viewers as they arrive: the newest of each key waits for the event loop; drops are counted by cause."""

import threading
from collections import Counter, defaultdict

import zenoh

LOST = "lost on the way"
REPLACED = "replaced by a newer frame"


class Arrivals:
    """The frames that wait, and the drops of each key by cause. Zenoh and the event loop use it at once.

    Zenoh drops a frame for which a link has no room without a sign of it (CongestionControl.DROP). The publisher
    numbers its frames: a gap is what was lost.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, bytes] = {}
        self._newest: dict[str, tuple[str, int]] = {}  # the publisher and the number of the last frame of a key
        self._drops: dict[str, Counter[str]] = defaultdict(Counter)

    def put(self, key: str, packed: bytes, source: zenoh.SourceInfo | None) -> bool:
        """Put a frame in place of one that waits; return whether there was none."""
        with self._lock:
            if source is not None:
                self._count_lost(key, str(source.source_id), source.source_sn)
            has_waited = key in self._waiting
            self._drops[key][REPLACED] += has_waited
            self._waiting[key] = packed
        return not has_waited

    def take(self, key: str) -> tuple[bytes, Counter[str]]:
        """Remove the frame of a key and return it, with what was dropped since the last call."""
        with self._lock:
            return self._waiting.pop(key), self._drops.pop(key, Counter())

    def _count_lost(self, key: str, publisher: str, number: int) -> None:
        before, last = self._newest.get(key, ("", 0))
        if publisher == before:
            self._drops[key][LOST] += max(0, number - last - 1)
        self._newest[key] = publisher, number
