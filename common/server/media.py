"""Frames for programs without a websocket: /snapshot.jpg and /stream.mjpg."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from aiohttp import web

from common.server.boxed_frames import BoxedFrames
from common.server.cameras import selected_camera
from common.server.encoded_frame import EncodedFrame
from common.server.hub import Hub
from common.server.keys import HUB, OPTIONS
from common.server.latest_by_kind import LatestByKind
from common.server.parameters import switch
from common.server.viewers import SEND_BUFFER_BYTES, WRITE_DEADLINE_S
from common.server.websocket import abort, limit_send_buffer

FIRST_FRAME_S = 3.0  # without viewers no frame is encoded, so the first one takes a moment
BOUNDARY = "frame"
BOXED_FRAMES = web.AppKey("boxed_frames", BoxedFrames)


class FrameSubscriber:
    """Subscribes to the frames of a camera and keeps the newest one, as JPEG, until it is read."""

    takes_frames = True
    tile_width: int | None = None

    def __init__(self, hub: Hub, camera: str) -> None:
        self.cameras = frozenset({camera})
        self.jpegs: LatestByKind[bytes] = LatestByKind()
        self._meter = hub.meter

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one."""
        if self.jpegs.put(frame.header.camera, frame.jpeg):
            self._meter.drop("stream", "slow", camera=frame.header.camera)

    def put_text(self, kind: str, text: str) -> None:
        """Ignored: image streams carry no text."""

    def put_event(self, text: str) -> None:
        """Ignored, as all text."""


@contextmanager
def reading(hub: Hub, camera: str) -> Iterator[LatestByKind[bytes]]:
    """Yield a queue that gets each frame of a camera as JPEG, until the context is left."""
    subscriber = FrameSubscriber(hub, camera)
    hub.add_subscriber(subscriber)
    try:
        yield subscriber.jpegs
    finally:
        hub.remove_subscriber(subscriber)


def selected_frames(request: web.Request) -> AbstractContextManager[LatestByKind[bytes]]:
    """Return the frames that the query selects: those of `?camera=NAME` or of the first one, with boxes by `?boxes=1`.

    Raises HTTPNotFound and HTTPBadRequest.
    """
    camera = selected_camera(request)
    if switch(request, "boxes", default=False):
        return request.app[BOXED_FRAMES].reading(camera)
    return reading(request.app[HUB], camera)


async def snapshot(request: web.Request) -> web.Response:
    """Return the next frame of those that the query selects, as JPEG.

    Raises HTTPServiceUnavailable if none arrives, and HTTPNotFound and HTTPBadRequest for the query.
    """
    patience_s = max(FIRST_FRAME_S, 2 / request.app[OPTIONS].rates.ui_fps)
    with selected_frames(request) as jpegs:
        try:
            async with asyncio.timeout(patience_s):
                jpeg = await jpegs.get()
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="no video at present") from None
    return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def mjpeg(request: web.Request) -> web.StreamResponse:
    """Stream the frames that the query selects as multipart/x-mixed-replace.

    VLC, Home Assistant and an <img> element display it. Raises HTTPNotFound and HTTPBadRequest for the query.
    """
    frames = selected_frames(request)
    response = web.StreamResponse(
        headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    limit_send_buffer(request, SEND_BUFFER_BYTES)
    with frames as jpegs:
        try:
            while True:
                jpeg = await jpegs.get()
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with asyncio.timeout(WRITE_DEADLINE_S):
                    await response.write(head.encode() + jpeg + b"\r\n")
        except TimeoutError:
            abort(request)
        except ConnectionError:
            pass  # the client disconnected
    return response
