"""Frames for programs without a websocket: /snapshot.jpg and /stream.mjpg."""

import asyncio
from typing import Self

from aiohttp import web

from common.server.cameras import selected_camera
from common.server.hub import EncodedFrame, Hub
from common.server.keys import HUB, OPTIONS
from common.server.latest_by_kind import LatestByKind
from common.server.viewers import SEND_BUFFER_BYTES, WRITE_DEADLINE_S
from common.server.websocket import abort, limit_send_buffer

FIRST_FRAME_S = 3.0  # without viewers no frame is encoded, so the first one takes a moment
BOUNDARY = "frame"


class FrameSubscriber:
    """Subscribes to the frames of a camera and keeps the newest one until it is read."""

    takes_frames = True
    tile_width: int | None = None

    def __init__(self, hub: Hub, camera: str) -> None:
        self._hub = hub
        self.cameras = frozenset({camera})
        self._frames: LatestByKind[EncodedFrame] = LatestByKind()

    def __enter__(self) -> Self:
        self._hub.add_subscriber(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.remove_subscriber(self)

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self._frames.put(frame.header.camera, frame):
            self._hub.meter.drop("stream", "slow", camera=frame.header.camera)

    def put_text(self, kind: str, text: str) -> None:
        """Ignored: image streams carry no text."""

    def put_event(self, text: str) -> None:
        """Ignored, as all text."""

    async def get(self) -> EncodedFrame:
        """Wait for an unread frame."""
        return await self._frames.get()


async def snapshot(request: web.Request) -> web.Response:
    """Return the next frame of `?camera=NAME`, or of the first camera, as JPEG.

    Raises HTTPServiceUnavailable if none arrives, and HTTPNotFound and HTTPBadRequest for the camera.
    """
    patience_s = max(FIRST_FRAME_S, 2 / request.app[OPTIONS].rates.ui_fps)
    with FrameSubscriber(request.app[HUB], selected_camera(request)) as frames:
        try:
            async with asyncio.timeout(patience_s):
                frame = await frames.get()
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="no video at present") from None
    return web.Response(body=frame.jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def mjpeg(request: web.Request) -> web.StreamResponse:
    """Stream frames of `?camera=NAME`, or of the first camera, as multipart/x-mixed-replace.

    VLC, Home Assistant and an <img> element display it. Raises HTTPNotFound and HTTPBadRequest for the camera.
    """
    camera = selected_camera(request)
    response = web.StreamResponse(
        headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    limit_send_buffer(request, SEND_BUFFER_BYTES)
    with FrameSubscriber(request.app[HUB], camera) as frames:
        try:
            while True:
                jpeg = (await frames.get()).jpeg
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await response.write(head.encode() + jpeg + b"\r\n")
        except TimeoutError:
            abort(request)
        except ConnectionError:
            pass  # the client disconnected
    return response
