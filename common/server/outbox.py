"""What waits to be sent to one peer: the newest message of each kind, so that a slow peer costs no memory."""

import asyncio


class Outbox:
    """Filled without waiting, emptied by the one task that sends."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._news = asyncio.Event()

    def leave(self, kind: str, text: str) -> None:
        """Leave `text` to be sent, in place of one of the same kind that was not."""
        self._texts[kind] = text
        self._news.set()

    def wake(self) -> None:
        """Let take() return although no text was left: something else is there to be sent."""
        self._news.set()

    async def take(self) -> list[str]:
        """Wait for news; all texts that were left since, oldest kind first."""
        await self._news.wait()
        self._news.clear()
        texts, self._texts = self._texts, {}
        return list(texts.values())
