"""What becomes of errors that the server's event loop meets itself, outside any request."""

import asyncio
import logging
from typing import Any

from common.pacing import Throttle

logger = logging.getLogger(__name__)


class LoopFaults:
    """An exception handler for the loop: the usual one, but an error of the system is a line a second.

    Without a file descriptor left the loop tells so of every caller in the backlog, with a traceback each.
    """

    def __init__(self) -> None:
        self._limit = Throttle(1)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError):
            loop.default_exception_handler(context)
        elif self._limit.due():
            logger.error("%s: %s", context["message"], error)
