"""Frames for readers that speak no websocket: /snapshot.jpg and /stream.mjpg, by the same rule as viewers."""

import asyncio

from aiohttp import web

from common.server.hub import EncodedFrame, Hub
from common.server.viewers import WRITE_DEADLINE_S, limit_send_buffer

FIRST_FRAME_S = 3.0  # nobody may have been watching, so that the next frame has yet to be encoded
BOUNDARY = "frame"


class FrameSlot:
    """Holds the newest frame until it is taken."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._frame: EncodedFrame | None = None
        self._news = asyncio.Event()

    def __enter__(self) -> "FrameSlot":
        self._hub.add_subscriber(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.remove_subscriber(self)

    def offer_frame(self, frame: EncodedFrame) -> None:
        """Take the newest frame, in place of one not yet sent."""
        if self._frame is not None:
            self._hub.meter.drop("stream", "slow")
        self._frame = frame
        self._news.set()

    def offer_text(self, kind: str, text: str) -> None:
        """A picture has no place for words."""

    async def take(self) -> EncodedFrame:
        """Wait for a frame that was not taken yet."""
        while self._frame is None:
            self._news.clear()
            await self._news.wait()
        frame, self._frame = self._frame, None
        return frame


async def snapshot(_: web.Request, hub: Hub, fps: float) -> web.Response:
    """The next frame, of which `fps` should come, as one JPEG; 503 when none does."""
    with FrameSlot(hub) as slot:
        try:
            async with asyncio.timeout(max(FIRST_FRAME_S, 2 / fps)):
                frame = await slot.take()
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="no video at present") from None
    return web.Response(body=frame.jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def mjpeg(request: web.Request, hub: Hub) -> web.StreamResponse:
    """Frames without end, as multipart/x-mixed-replace: what VLC, Home Assistant and an <img> read."""
    response = web.StreamResponse(
        headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    limit_send_buffer(request)
    with FrameSlot(hub) as slot:
        try:
            while True:
                jpeg = (await slot.take()).jpeg
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await response.write(head.encode() + jpeg + b"\r\n")
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it left
    return response
