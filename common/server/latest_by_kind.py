"""A queue that keeps the newest item of each kind, or a few items in order, so that a slow peer costs little memory."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestByKind(Generic[T]):
    """Any number of producers that never wait, and one consumer, all on one event loop."""

    def __init__(self) -> None:
        self._items: dict[str, deque[T]] = {}
        self._changed = asyncio.Event()

    def put(self, kind: str, item: T) -> bool:
        """Put `item` in place of an unread one of the same kind, and return whether there was one."""
        return self.append(kind, item, limit=1)

    def append(self, kind: str, item: T, limit: int) -> bool:
        """Put `item` behind the unread ones of its kind; return whether the oldest was removed to keep to `limit`."""
        items = self._items.setdefault(kind, deque())
        items.append(item)
        self._changed.set()
        if len(items) <= limit:
            return False
        items.popleft()
        return True

    def wake(self) -> None:
        """Make a waiting `get` check again which kinds it may return."""
        self._changed.set()

    async def get(self, allowed: Callable[[str], bool] = lambda _: True) -> T:
        """Wait for an item of an allowed kind, and return the oldest of the kind which has waited longest."""
        while True:
            for kind in self._items:
                if allowed(kind):
                    return self._take(kind)
            self._changed.clear()
            await self._changed.wait()

    def _take(self, kind: str) -> T:
        items = self._items.pop(kind)
        item = items.popleft()
        if items:
            self._items[kind] = items  # now the kind that has waited least: many items of one kind delay no other
        return item
