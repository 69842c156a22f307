"""Frames with boxes drawn in: drawn and encoded once for all who read those of a camera."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import FrameTooLargeError
from common.server.encoded_frame import EncodedFrame
from common.server.guard.log_limit import LimitByMessage
from common.server.hub import Hub
from common.server.latest_by_kind import LatestByKind

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())


class BoxedCamera:
    """Subscribes to the frames of a camera, and gives them, with the newest boxes, to all readers."""

    takes_frames = True
    tile_width: int | None = None

    def __init__(self, hub: Hub, camera: str) -> None:
        self.cameras = frozenset({camera})
        self.readers: set[LatestByKind[bytes]] = set()
        self._hub = hub
        self._camera = camera
        self._frames: LatestByKind[EncodedFrame] = LatestByKind()

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of one that was not drawn into."""
        if self._frames.put(self._camera, frame):
            self._hub.meter.drop("stream", "slow", camera=self._camera)

    def put_text(self, kind: str, text: str) -> None:
        """Ignored: the hub keeps the newest detections."""

    def put_event(self, text: str) -> None:
        """Ignored, as all text."""

    async def run(self) -> None:
        """Draw into each frame, in a thread, until cancelled."""
        from common.server.draw_boxes import draw_boxes  # imports OpenCV, which most servers never need

        while True:
            frame = await self._frames.get()
            found = self._hub.detections.near(self._camera, frame.header.captured_at)
            order = {name: number for number, name in enumerate(self._hub.processors)}
            try:
                jpeg = await asyncio.to_thread(draw_boxes, frame.jpeg, found, order)
            except FrameTooLargeError as error:
                logger.error("no boxes in a frame of %s: %s", self._camera, error)
                continue
            for reader in self.readers:
                if reader.put(self._camera, jpeg):
                    self._hub.meter.drop("stream", "slow", camera=self._camera)


class BoxedFrames:
    """The cameras whose frames with boxes are read at present."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._cameras: dict[str, tuple[BoxedCamera, asyncio.Task[None]]] = {}

    @contextmanager
    def reading(self, camera: str) -> Iterator[LatestByKind[bytes]]:
        """Yield a queue that gets each frame as JPEG, until the context is left."""
        if camera not in self._cameras:
            boxed = BoxedCamera(self._hub, camera)
            self._hub.add_subscriber(boxed)
            self._cameras[camera] = boxed, asyncio.create_task(boxed.run())
        boxed, task = self._cameras[camera]
        reader: LatestByKind[bytes] = LatestByKind()
        boxed.readers.add(reader)
        try:
            yield reader
        finally:
            boxed.readers.discard(reader)
            if not boxed.readers:
                del self._cameras[camera]
                self._hub.remove_subscriber(boxed)
                task.cancel()
