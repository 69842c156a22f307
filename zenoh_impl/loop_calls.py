"""Calls on an event loop from threads of Zenoh, which may call back once more after an undeclaration."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def loop_calls() -> Iterator[Callable[..., None]]:
    """Yield a function that calls another one soon on the running event loop, or never after the context is left.

    The event loop may then be closed, and `call_soon_threadsafe` raises RuntimeError.
    """
    loop, lock, is_open = asyncio.get_running_loop(), threading.Lock(), True

    def call_soon(function: Callable[..., object], *arguments: Any) -> None:
        with lock:
            if is_open:
                loop.call_soon_threadsafe(function, *arguments)

    try:
        yield call_soon
    finally:
        with lock:
            is_open = False
