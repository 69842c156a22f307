"""Log filter for messages that clients can cause any number of times."""

import logging
import time

from common.pacing import Clock


class LimitByMessage(logging.Filter):
    """Passes each message, identified by its text before formatting, at most once in `period_s` seconds."""

    def __init__(self, period_s: float = 1.0, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._period_s = period_s
        self._clock = clock
        self._next_at: dict[str, float] = {}  # bounded by the number of messages in the code

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        message, now = str(record.msg), self._clock()
        if now < self._next_at.get(message, now):
            return False
        self._next_at[message] = now + self._period_s
        return True
