"""The FrameProvider: reads the source, sends JPEGs to the server, and puts frames into the queues of the processors."""

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from common.capture.frame_selection import Due, FrameSelection
from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput, WorkerQueues
from common.capture.video_source import VideoSource
from common.errors import FrameTooLargeError
from common.frames import Frame, Image
from common.interfaces import StopSignal
from common.jpeg import encode_jpeg, shrink
from common.messaging.messages import FrameHeader, ServerMessage, ViewerCount
from common.pacing import Clock, Throttle
from common.telemetry.meter import Meter
from common.text import labelled
from common.transport import Publisher

logger = logging.getLogger(__name__)


class ViewerNeeds(NamedTuple):
    """What viewers of a camera need: full frames, and frames for tiles, 0 pixels wide if there are no tiles."""

    full: bool
    tile_width: int


class FrameProvider:
    """Distributes the frames of one camera to viewers and processors, each at its own rate; none blocks it."""

    def __init__(
        self,
        options: ProviderOptions,
        outputs: Sequence[ProviderOutput],
        meter: Meter,
        frame_ids: Iterator[int],
        clock: Clock = time.monotonic,
    ) -> None:
        """Without a message to handle(), no frame is for viewers."""
        self.captured_count = 0
        self._options = options
        self._outputs = {output.processor: WorkerQueues(output.queues) for output in outputs}
        self._meter = meter
        self._clock = clock
        self._selection = FrameSelection(options.capture_fps, options.ui_fps, [output.fps for output in outputs])
        self._too_large_log = Throttle(1, clock)
        self._needs = ViewerNeeds(full=False, tile_width=0)
        self._frame_ids = frame_ids

    def handle(self, message: ServerMessage) -> None:
        """Encode frames only while there are viewers. Called by the publisher's thread."""
        if isinstance(message, ViewerCount):
            camera = self._options.camera
            is_watched = (message.cameras or {}).get(camera, message.count) > 0
            self._needs = ViewerNeeds(is_watched, message.tiles.get(camera, 0))

    def run(self, source: VideoSource, publisher: Publisher, stop: StopSignal) -> None:
        """Distribute the frames of `source` until `stop` is set."""
        for captured_at, image, due in source.frames(stop, self._select):
            frame = Frame(self._options.camera, next(self._frame_ids), captured_at, image)
            for processor, output in compress(self._outputs.items(), due.processors):
                self._put(frame, processor, output)
            if due.viewers:
                self._send(frame, publisher)

    def overwritten_count(self, processor: str) -> int:
        """Return how many frames were overwritten in the queues of a processor before it took them."""
        return self._outputs[processor].overwritten_count

    def _select(self) -> Due | None:
        """Return the consumers of a frame that arrives now, None if there are none. Called by the source."""
        self.captured_count += 1
        due = self._selection.due(self._clock())
        due = due._replace(viewers=due.viewers and any(self._needs))
        return due if due.viewers or any(due.processors) else None

    def _put(self, frame: Frame, processor: str, output: WorkerQueues) -> None:
        try:
            output.put(frame)
        except FrameTooLargeError as error:
            self._drop("processor", error, processor)
        else:
            self._meter.count("queued", processor=processor)

    def _send(self, frame: Frame, publisher: Publisher) -> None:
        """Send the full frame, the smaller one for tiles, or both. Tiles that are not smaller get the full frame."""
        needs, image = self._needs, frame.image
        full_width = min(image.shape[1], self._options.ui_width or image.shape[1])
        has_tile = 0 < needs.tile_width < full_width
        if needs.full or not has_tile:
            image = shrink(image, full_width)
            self._send_jpeg(frame, image, publisher, tile=False)
        if has_tile:
            self._send_jpeg(frame, shrink(image, needs.tile_width), publisher, tile=True)

    def _send_jpeg(self, frame: Frame, image: Image, publisher: Publisher, *, tile: bool) -> None:
        started = time.perf_counter()
        height, width = image.shape[:2]
        try:
            jpeg = encode_jpeg(image, self._options.jpeg_quality)
        except FrameTooLargeError as error:
            self._drop("server", error)
            return
        self._meter.sample("encode_ms", 1000 * (time.perf_counter() - started))
        header = FrameHeader(
            camera=frame.camera,
            frame_id=frame.frame_id,
            captured_at=frame.captured_at,
            width=width,
            height=height,
            tile=tile,
        )
        publisher.send_frame(header, jpeg)
        self._meter.count("sent tile" if tile else "sent")

    def _drop(self, consumer: str, error: FrameTooLargeError, processor: str | None = None) -> None:
        self._meter.drop(consumer, "too large", processor=processor)
        if self._too_large_log.due():
            logger.error("%s", labelled(self._options.label, f"frame dropped for the {consumer}: {error}"))
