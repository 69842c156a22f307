"""The FrameProcessor: runs the detector on the latest frame and publishes the detections."""

import logging
import time

import cv2

from common.detection.detector import Detector, load_detector
from common.detection.experiments import ExperimentalDetector
from common.detection.inference_log import InferenceLog, log_period_s
from common.detection.live import Live
from common.detection.loading import load_with_heartbeat
from common.detection.nms import class_agnostic_nms
from common.detection.options import ProcessorOptions
from common.detection.providers import Choice
from common.errors import VisionError
from common.frames import Frame
from common.interfaces import FrameReader, StopSignal
from common.messaging.messages import Detections, Model, Status
from common.messaging.publisher import Ingest, Publisher
from common.pacing import Clock, Throttle
from common.telemetry.machine import inference_threads
from common.telemetry.meter import Meter, Reporter

logger = logging.getLogger(__name__)

QUEUE_TIMEOUT_S = 0.2  # without a frame, the time between two looks at stop
# When every frame fails for this long, the cause is not the frames: memory is exhausted, say, and a new process may
# succeed. A model that always fails ends four times a minute, below the limit at which the supervisor gives it up.
FAILING_S = 15.0


class FrameProcessor:
    """Takes the newest frame whenever it is free: frames that came meanwhile are overwritten, never delayed."""

    def __init__(
        self, detector: Detector, queue: FrameReader, live: Live, meter: Meter, clock: Clock = time.monotonic
    ) -> None:
        self._detector = detector
        self._queue = queue
        self._live = live
        self._meter = meter
        self._clock = clock
        self._log = InferenceLog(log_period_s(), clock)
        self._failures = Throttle(1, clock)  # one line a second at most
        self._failing_since: float | None = None

    def run(self, publisher: Publisher, stop: StopSignal) -> None:
        """Process frames until stop is set. Raises VisionError when all of them fail for FAILING_S."""
        while not stop.is_set():
            stop.beat()
            frame = self._queue.get(QUEUE_TIMEOUT_S)
            if frame is None:
                continue
            detections = self._process(frame)
            if detections is not None:
                publisher.send(detections)

    def _process(self, frame: Frame) -> Detections | None:
        """The detections in `frame`, None when it fails: one bad frame must not end the role."""
        self._meter.count("taken")
        try:
            detections = self._detect(frame)
        except Exception as error:
            self._meter.drop("processor", "failed")
            if self._failures.due():
                logger.exception("a frame could not be processed")
            if self._failing_since is None:
                self._failing_since = self._clock()
            if self._clock() - self._failing_since > FAILING_S:
                raise VisionError(f"no frame could be processed for {FAILING_S:.0f} s: {error}") from error
            return None
        self._failing_since = None
        return detections

    def _detect(self, frame: Frame) -> Detections:
        self._meter.sample_age("processor_age_ms", frame.captured_at)
        result = self._detector.detect(frame.image, self._live.settings.min_score)
        self._meter.count("processed")
        self._meter.sample("inference_ms", result.inference_ms)
        self._meter.sample("processing_ms", result.processing_ms)
        self._log.add(result.inference_ms)
        return Detections(
            camera=frame.camera,
            frame_id=frame.frame_id,
            captured_at=frame.captured_at,
            inference_ms=round(result.inference_ms, 3),
            processing_ms=round(result.processing_ms, 3),
            detections=tuple(class_agnostic_nms(result.detections)),
        )


def status_of(choice: Choice) -> Status:
    """Return the status that reports the execution provider in use."""
    if choice.warning:
        return Status(component="inference", state="degraded", message=choice.warning)
    return Status(component="inference", state="ok", message=f"runs on {choice.provider}")


def run_processor(options: ProcessorOptions, ingest: Ingest, queue: FrameReader, stop: StopSignal) -> None:
    """Run the role until stop is set.

    Raises ModelError when the model cannot be used, and SettingsError when the execution provider is not installed.
    """
    cv2.setNumThreads(1)  # the same in both implementations, so that the comparison is one of threads and processes
    meter = Meter(options.role)
    size = (options.input_size, options.input_size) if options.input_size else None
    detector = load_with_heartbeat(
        lambda: load_detector(options.model, inference_threads(), options.execution, size), stop
    )
    if detector is None:
        return
    logger.info("%s on %s", detector, detector.choice)
    if detector.choice.warning:
        logger.warning("%s", detector.choice.warning)
    live = Live(options.live)

    def stopped() -> bool:
        stop.beat()
        return stop.is_set()

    processor = FrameProcessor(ExperimentalDetector(detector, live, stopped), queue, live, meter)
    with Publisher(ingest, live.handle) as publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
        publisher.send(Model(name=detector.name, labels=detector.labels))
        publisher.send(status_of(detector.choice))
        processor.run(publisher, stop)
