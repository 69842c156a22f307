"""Reconnect with exponential back-off, and report when a source is lost and when it is back."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from common.backoff import backoff
from common.pacing import Clock
from common.text import labelled

logger = logging.getLogger(__name__)

SourceState: TypeAlias = Literal["ok", "degraded", "lost"]
OnStatus: TypeAlias = Callable[[SourceState, str], None]
"""Called with the state of a source and a sentence for people."""

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STABLE_S = 10.0  # a source that was ok for this long starts again with the first delay


class ReconnectBackoff:
    """The delays between the attempts to open a source; each loss and each return is one status and one log line."""

    def __init__(
        self,
        on_status: OnStatus,
        clock: Clock = time.monotonic,
        jitter: Callable[[], float] = random.random,
        label: str | None = None,
    ) -> None:
        """`jitter` returns numbers from 0 to 1. `label` is the name of the camera in the log."""
        self._on_status = on_status
        self._label = label
        self._clock = clock
        self._jitter = jitter
        self._delays_s = self._new_delays_s()
        self._connected_at: float | None = None

    def connected(self, message: str) -> None:
        """Report that frames are arriving."""
        self._connected_at = self._clock()
        logger.info("%s", labelled(self._label, message))
        self._on_status("ok", message)

    def lost(self, fault: str) -> float:
        """Report that the source, or an attempt to open it, failed; return the seconds until the next attempt."""
        if self._connected_at is not None and self._clock() - self._connected_at >= STABLE_S:
            self._delays_s = self._new_delays_s()
        self._connected_at = None
        delay_s = next(self._delays_s)
        message = f"{fault}; trying again in {delay_s:.1f} s"
        logger.warning("%s", labelled(self._label, message))
        self._on_status("lost", message)
        return delay_s

    def _new_delays_s(self) -> Iterator[float]:
        return backoff(FIRST_DELAY_S, LONGEST_DELAY_S, self._jitter)
