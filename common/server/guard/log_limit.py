"""A limit on the log: what strangers can cause any number of times is written once a second."""

import logging
import time

from common.pacing import Clock


class OncePerSecond(logging.Filter):
    """Lets a message pass when none of its kind (the text before it is filled in) did for a second."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[str, float] = {}  # as many as the code has messages

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        now = self._clock()
        if now < self._passed.get(str(record.msg), now - 1) + 1:
            return False
        self._passed[str(record.msg)] = now
        return True
