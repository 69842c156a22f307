"""The viewers of all servers together: a camera is encoded while a viewer of any of them watches it."""

from collections import Counter
from collections.abc import Callable

from common.messaging.messages import ViewerCount


class Views:
    """Adds up the ViewerCount of each server. Used on the threads of Zenoh, which call it one at a time."""

    def __init__(self, handle: Callable[[ViewerCount], None]) -> None:
        """`handle` takes the sum whenever it changes."""
        self._handle = handle
        self._counts: dict[str, ViewerCount] = {}

    def count(self, server: str, count: ViewerCount) -> None:
        """Store the count of a server."""
        self._counts[server] = count
        self._handle(self._sum())

    def forget(self, server: str) -> None:
        """Remove the count of a server that is no longer connected."""
        if self._counts.pop(server, None):
            self._handle(self._sum())

    def _sum(self) -> ViewerCount:
        counts = self._counts.copy().values()
        cameras: Counter[str] = Counter()
        tiles: dict[str, int] = {}
        for each in counts:
            cameras.update(each.cameras or {})
            for camera, width in each.tiles.items():
                tiles[camera] = max(width, tiles.get(camera, 0))
        several = any(each.cameras is not None for each in counts)
        return ViewerCount(
            count=sum(each.count for each in counts), cameras=dict(cameras) if several else None, tiles=tiles
        )
