"""The FrameProvider: reads the video, pushes JPEGs to the server, and puts the latest frame into the queue."""

import itertools
import logging
import time

import cv2

from common.capture.reconnect import State
from common.capture.video_source import VideoSource, open_source
from common.config.settings import Settings
from common.errors import FrameTooLargeError
from common.frames import Frame, Image
from common.interfaces import LatestQueue, StopSignal
from common.messaging.messages import FrameHeader, ServerMessage, Status, ViewerCount
from common.messaging.publisher import Ingest, Publisher
from common.pacing import Decimator, Throttle
from common.telemetry.meter import Meter, Reporter

logger = logging.getLogger(__name__)


class FrameProvider:
    """Three rates that are independent of each other, and two consumers, neither of which can make it wait."""

    def __init__(self, queue: LatestQueue, settings: Settings, meter: Meter) -> None:
        (camera,), (processor,) = settings.cameras, settings.processors
        self._queue = queue
        self._camera = camera.name
        self._jpeg_quality = camera.jpeg_quality
        half_period_s = 0.5 / camera.capture_fps
        self._to_viewers = Decimator(camera.ui_fps, half_period_s)
        self._to_processor = Decimator(processor.fps, half_period_s)
        self._meter = meter
        self._failures = Throttle(1)  # a line a second about frames that cannot be passed on
        self._watched = False
        # Ids must rise over a restart too: 1000 a second since boot are never overtaken by the frames of a camera.
        self._frame_ids = itertools.count(time.monotonic_ns() // 1_000_000)

    def handle(self, message: ServerMessage) -> None:
        """Encode frames only while there are viewers. Called by the publisher's thread."""
        if isinstance(message, ViewerCount):
            self._watched = message.count > 0

    def run(self, source: VideoSource, publisher: Publisher, stop: StopSignal) -> None:
        """Pass the frames of `source` on until stop is set."""
        for captured_at, image in source.frames(stop):
            frame = Frame(self._camera, next(self._frame_ids), captured_at, image)
            self._meter.count("captured")
            if self._to_processor.due():
                self._put(frame)
            if self._to_viewers.due() and self._watched:
                self._push(frame, publisher)

    def _put(self, frame: Frame) -> None:
        try:
            self._queue.put(frame)
        except FrameTooLargeError as error:
            self._skip("processor", error)
        else:
            self._meter.count("queued")

    def _push(self, frame: Frame, publisher: Publisher) -> None:
        height, width = frame.image.shape[:2]
        started = time.perf_counter()
        try:
            jpeg = encode_jpeg(frame.image, self._jpeg_quality)
        except FrameTooLargeError as error:
            self._skip("server", error)
            return
        self._meter.sample("encode_ms", 1000 * (time.perf_counter() - started))
        header = FrameHeader(
            camera=frame.camera, frame_id=frame.frame_id, captured_at=frame.captured_at, width=width, height=height
        )
        publisher.send_frame(header, jpeg)
        self._meter.count("sent")

    def _skip(self, consumer: str, error: FrameTooLargeError) -> None:
        self._meter.drop(consumer, "too large")
        if self._failures.due():
            logger.error("a frame is not passed on to the %s: %s", consumer, error)


def encode_jpeg(image: Image, quality: int) -> bytes:
    """A BGR picture as JPEG; `quality` is 1 to 100. Raises FrameTooLargeError for sides that JPEG cannot hold."""
    encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        height, width = image.shape[:2]
        raise FrameTooLargeError(f"{width}×{height} pixels do not fit a JPEG")
    return jpeg.tobytes()


def run_provider(
    settings: Settings, source: str, start_s: float | None, ingest: Ingest, queue: LatestQueue, stop: StopSignal
) -> None:
    """The role, from its start to its end; `start_s` as in open_source.

    Raises SourceError when `source` cannot be used at all.
    """
    cv2.setNumThreads(1)  # the same in both implementations, so that the comparison is one of threads and processes
    meter = Meter("provider")
    provider = FrameProvider(queue, settings, meter)
    publisher = Publisher(ingest, provider.handle)

    def say(state: State, message: str) -> None:
        publisher.send(Status(component="source", state=state, message=message))

    with publisher, open_source(source, settings.cameras[0].capture_fps, say, start_s) as video:
        meter.follow_count("overwritten", lambda: queue.overwritten_count)
        meter.follow_drop("provider", "replaced by a newer frame", lambda: video.dropped_count)
        meter.follow_drop("server", "socket busy", lambda: publisher.dropped_count)
        with Reporter(meter, publisher.send, lambda: publisher.connected):
            provider.run(video, publisher, stop)
