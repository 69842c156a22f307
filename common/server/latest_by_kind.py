"""A queue that keeps the newest item of each kind, so that a slow peer costs no memory."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestByKind(Generic[T]):
    """Any number of producers that never wait, and one consumer, all on one event loop."""

    def __init__(self) -> None:
        self._items: dict[str, T] = {}
        self._changed = asyncio.Event()

    def put(self, kind: str, item: T) -> bool:
        """Put `item` in place of an unread one of the same kind, and return whether there was one."""
        replaced = kind in self._items
        self._items[kind] = item
        self._changed.set()
        return replaced

    def wake(self) -> None:
        """Make a waiting `get` check again which kinds it may return."""
        self._changed.set()

    async def get(self, allowed: Callable[[str], bool] = lambda _: True) -> T:
        """Wait for an item of an allowed kind, and return that of the kind which has waited longest."""
        while True:
            for kind in self._items:
                if allowed(kind):
                    return self._items.pop(kind)
            self._changed.clear()
            await self._changed.wait()
