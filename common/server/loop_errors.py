"""Exception handler of the server's event loop, for errors outside any request."""

import asyncio
import logging
from typing import Any

from common.pacing import Throttle

logger = logging.getLogger(__name__)

SYSTEM_ERROR_S = 1.0
OTHER_ERROR_S = 60.0  # logged with a traceback


class LoopErrors:
    """Limits the log: without a free file descriptor, asyncio reports an error for every connection in the backlog."""

    def __init__(self) -> None:
        self._system_errors = Throttle(SYSTEM_ERROR_S)
        self._other_errors = Throttle(OTHER_ERROR_S)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """See asyncio.loop.set_exception_handler."""
        error = context.get("exception")
        if isinstance(error, OSError):
            if self._system_errors.due():
                logger.error("%s: %s", context["message"], error)
        elif self._other_errors.due():
            loop.default_exception_handler(context)
