"""The packets in one direction of a link: which are dropped, and when the others are due."""

import random
from collections import deque

from tests.network.conditions import Conditions


class Direction:
    """Packets on their way, in order."""

    def __init__(self, seed: int) -> None:
        self.conditions = Conditions()
        self.dropped = 0
        self._random = random.Random(seed)
        self._packets: deque[tuple[float, bytes]] = deque()  # when due, and the packet
        self._sent_at = 0.0  # when the last byte so far has left the buffer

    def put(self, packet: bytes, now: float) -> None:
        """Accept a packet, or drop it."""
        conditions = self.conditions
        self._sent_at = max(self._sent_at, now)
        seconds_per_byte = 8 / conditions.bits_per_s if conditions.bits_per_s else 0.0
        waiting_bytes = (self._sent_at - now) / seconds_per_byte if seconds_per_byte else 0.0
        is_lost = conditions.cut or self._random.random() < conditions.loss
        if is_lost or waiting_bytes + len(packet) > conditions.buffer_bytes:
            self.dropped += 1
            return
        self._sent_at += len(packet) * seconds_per_byte
        due = self._sent_at + conditions.delay_s
        if self._packets:
            due = max(due, self._packets[-1][0])  # a shorter delay than before does not reorder packets
        self._packets.append((due, packet))

    def next_due(self) -> float | None:
        """Return when the next packet is due."""
        return self._packets[0][0] if self._packets else None

    def take(self, now: float) -> bytes | None:
        """Return the next packet that is due, or None."""
        return self._packets.popleft()[1] if self._packets and self._packets[0][0] <= now else None
