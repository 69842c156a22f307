"""A source's way back: it says that it is lost or ok, and waits longer before each further try."""

import logging
import random
import time
from collections.abc import Callable
from typing import Literal, TypeAlias

from common.pacing import Clock

logger = logging.getLogger(__name__)

State: TypeAlias = Literal["ok", "lost"]
OnStatus: TypeAlias = Callable[[State, str], None]
"""Hears a state and a sentence for people."""

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
JITTER = 0.2  # so that many viewers of one camera that restarts do not all come back at once
GOOD_SPELL_S = 10.0  # a source that was ok for this long starts anew; one that only flickers does not


class Recovery:
    """Exponential back-off with jitter, and one line in the log and to `report` for every loss and return."""

    def __init__(
        self, report: OnStatus, clock: Clock = time.monotonic, jitter: Callable[[], float] = random.random
    ) -> None:
        """`jitter` gives numbers from 0 to 1."""
        self._report = report
        self._clock = clock
        self._jitter = jitter
        self._delay_s = FIRST_DELAY_S
        self._ok_since: float | None = None

    def ok(self, message: str) -> None:
        """Frames flow."""
        self._ok_since = self._clock()
        logger.info("%s", message)
        self._report("ok", message)

    def lost(self, fault: str) -> float:
        """The source failed, or failed again; returns how many seconds to wait before the next try."""
        if self._ok_since is not None and self._clock() - self._ok_since >= GOOD_SPELL_S:
            self._delay_s = FIRST_DELAY_S
        self._ok_since = None
        wait_s = self._delay_s * (1 + JITTER * (2 * self._jitter() - 1))
        self._delay_s = min(2 * self._delay_s, LONGEST_DELAY_S)
        message = f"{fault}; trying again in {wait_s:.1f} s"
        logger.warning("%s", message)
        self._report("lost", message)
        return wait_s
