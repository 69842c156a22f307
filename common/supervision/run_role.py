"""Run a role and report why it failed."""

import logging
from typing import Any

from common.errors import VisionError
from common.interfaces import Target

logger = logging.getLogger(__name__)


def run_role(name: str, target: Target, args: tuple[Any, ...]) -> Exception | None:
    """Run a role to its end and return why it failed. A failure that this app did not foresee is logged whole."""
    try:
        target(*args)
    except VisionError as error:
        return error
    except MemoryError as error:
        return VisionError(f"out of memory: {error or 'nothing more is known'}")
    except Exception as error:
        logger.exception("%s failed", name)
        return VisionError(f"{type(error).__name__}: {error}")
    return None
