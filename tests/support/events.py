"""Events for tests, and waiting for what other tasks do."""

import asyncio
import time
from collections.abc import Callable

from common.messaging.event import Event

PATIENCE_S = 30.0


def event(number: int, thumbnail: str = "") -> Event:
    """A crossing whose id is its number."""
    return Event(
        event_id=str(number),
        camera="gate",
        processor="vehicles",
        frame_id=number,
        captured_at=1000.0 + number,
        kind="crossing",
        text=f"crossing {number}",
        data={"direction": "in", "label": "car"},
        thumbnail=thumbnail,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds. Raises TimeoutError after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.01)
