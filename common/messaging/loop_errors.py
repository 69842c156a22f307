"""Exception handler of an event loop, for errors outside any task: in the connections, for example."""

import asyncio
import logging
from typing import Any

from common.pacing import Throttle

logger = logging.getLogger(__name__)

SYSTEM_ERROR_S = 1.0
OTHER_ERROR_S = 60.0  # logged with a traceback


class LoopErrors:
    """Limits the log: without a free file descriptor or memory, asyncio reports an error for every connection."""

    def __init__(self) -> None:
        self._system_errors = Throttle(SYSTEM_ERROR_S)
        self._other_errors = Throttle(OTHER_ERROR_S)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """See asyncio.loop.set_exception_handler."""
        error = context.get("exception")
        if isinstance(error, OSError | MemoryError):
            if self._system_errors.due():
                logger.error("%s: %s", context["message"], str(error) or "out of memory")
        elif self._other_errors.due():
            loop.default_exception_handler(context)
