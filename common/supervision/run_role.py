"""Run the target of a role and return its failure."""

import logging
from typing import Any

from common.errors import VisionError
from common.interfaces import Target
from common.shortage import shortage

logger = logging.getLogger(__name__)


def run_role(name: str, target: Target, args: tuple[Any, ...]) -> Exception | None:
    """Call `target(*args)` and return the VisionError that ended it, or None.

    Any other exception is logged with its traceback, and returned as a VisionError that names it.
    """
    try:
        target(*args)
    except VisionError as error:
        return error
    except Exception as error:
        if reason := shortage(error):
            return VisionError(reason)
        logger.exception("%s failed", name)
        return VisionError(f"{type(error).__name__}: {error}")
    return None
