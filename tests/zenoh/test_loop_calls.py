"""Calls on an event loop by callbacks of Zenoh, one of which can still run after its subscriber was undeclared."""

import asyncio
from collections.abc import Callable

from zenoh_impl.loop_calls import loop_calls


def test_what_is_called_after_the_end_of_the_context_is_dropped() -> None:
    called: list[str] = []

    async def call_one() -> Callable[..., None]:
        with loop_calls() as call_soon:
            await asyncio.to_thread(call_soon, called.append, "within")
            await asyncio.sleep(0)
        call_soon(called.append, "after")
        await asyncio.sleep(0)
        return call_soon

    call_soon = asyncio.run(call_one())
    call_soon(called.append, "without an event loop")
    assert called == ["within"]
