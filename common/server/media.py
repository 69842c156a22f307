"""Frames for readers that speak no websocket: /snapshot.jpg and /stream.mjpg, by the same rule as viewers."""

import asyncio
from typing import Self

from aiohttp import web

from common.server.hub import EncodedFrame, Hub
from common.server.latest_by_kind import LatestByKind
from common.server.viewers import WRITE_DEADLINE_S, limit_send_buffer

FIRST_FRAME_S = 3.0  # nobody may have been watching, so that the next frame has yet to be encoded
BOUNDARY = "frame"


class FrameSubscriber:
    """Subscribes to the frames of a hub and keeps the newest one until it is read."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._frames: LatestByKind[EncodedFrame] = LatestByKind()

    def __enter__(self) -> Self:
        self._hub.add_subscriber(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.remove_subscriber(self)

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self._frames.put(frame.header.camera, frame):
            self._hub.meter.drop("stream", "slow")

    def put_text(self, kind: str, text: str) -> None:
        """Ignored: image streams carry no text."""

    async def get(self) -> EncodedFrame:
        """Wait for an unread frame."""
        return await self._frames.get()


async def snapshot(_: web.Request, hub: Hub, fps: float) -> web.Response:
    """The next frame, of which `fps` should come, as one JPEG; 503 when none does."""
    with FrameSubscriber(hub) as frames:
        try:
            async with asyncio.timeout(max(FIRST_FRAME_S, 2 / fps)):
                frame = await frames.get()
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
    with FrameSubscriber(hub) as frames:
        try:
            while True:
                jpeg = (await frames.get()).jpeg
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await response.write(head.encode() + jpeg + b"\r\n")
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it left
    return response
