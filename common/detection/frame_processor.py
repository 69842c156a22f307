"""The FrameProcessor: runs the detector on the latest frame and publishes what it finds."""

import logging
import sys
import time
from pathlib import Path

import cv2

from common.config.settings import LiveSettings
from common.detection.detector import Detector, Result, load_detector
from common.detection.nms import class_agnostic_nms
from common.detection.providers import Choice, ExecutionOptions
from common.errors import SettingsError, VisionError
from common.frames import Frame
from common.interfaces import LatestQueue, StopSignal
from common.messaging.messages import DetectionItem, Detections, Model, ServerMessage, SettingChange, Status
from common.messaging.publisher import Ingest, Publisher
from common.pacing import Throttle
from common.telemetry.console_stream import is_terminal
from common.telemetry.machine import inference_threads
from common.telemetry.meter import Meter, Reporter

logger = logging.getLogger(__name__)

QUEUE_TIMEOUT_S = 0.2  # how late a stop may be seen while no frame comes
TERMINAL_PERIOD_S, LOG_PERIOD_S = 1.0, 60.0  # of the line on inference: to be watched, and in a log that is kept
WORK_STEP_MS = 500.0  # of Python work without a look at stop
# Nothing but failures for so long is no bad frame: memory is gone, say, and a new processor may do better. A model
# that always fails makes four of them a minute, too few for the supervisor to give it up.
FAILING_S = 15.0


class FrameProcessor:
    """Takes the newest frame whenever it is free: what came in between is overwritten, never late."""

    def __init__(self, detector: Detector, queue: LatestQueue, live: LiveSettings, meter: Meter) -> None:
        self._detector = detector
        self._queue = queue
        self._live = live  # replaced as a whole by the publisher's thread, read once per frame
        self._meter = meter
        self._console = Console(TERMINAL_PERIOD_S if is_terminal(sys.stderr) else LOG_PERIOD_S)

    def handle(self, message: ServerMessage) -> None:
        """Apply a live setting. Called by the publisher's thread."""
        if isinstance(message, SettingChange):
            try:
                self._live = self._live.changed(message.name, message.value)
            except SettingsError as error:
                logger.debug("not for the processor: %s", error)

    def run(self, publisher: Publisher, stop: StopSignal) -> None:
        """Process frames until stop is set. Raises VisionError when all of them fail for FAILING_S."""
        failing_since: float | None = None
        while not stop.is_set():
            stop.beat()
            frame = self._queue.get(QUEUE_TIMEOUT_S)
            if frame is None:
                continue
            self._meter.count("taken")
            try:
                detections = self._process(frame, stop)
            except Exception as error:  # one bad frame must not end the role
                self._console.say_failure()
                self._meter.drop("processor", "failed")
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > FAILING_S:
                    raise VisionError(f"no frame could be processed for {FAILING_S:.0f} s: {error}") from error
                continue
            failing_since = None
            publisher.send(detections)

    def _process(self, frame: Frame, stop: StopSignal) -> Detections:
        live = self._live
        self._meter.sample_age("processor_age_ms", frame.captured_at)
        if live.session_per_frame:
            self._detector.rebuild()

        def stopped() -> bool:  # however much work is configured, its parts are separated by heartbeats
            stop.beat()
            return stop.is_set()

        result = self._detector.detect(frame.image, live.min_score, live.infer_repeat, stopped)
        left_ms = live.python_work_ms
        while left_ms > 0 and not stopped():
            work_in_python(min(left_ms, WORK_STEP_MS))
            left_ms -= WORK_STEP_MS
        self._meter.count("processed")
        self._meter.sample("inference_ms", result.inference_ms)
        self._meter.sample("processing_ms", result.processing_ms)
        self._console.say_inference(result)
        return Detections(
            camera=frame.camera,
            frame_id=frame.frame_id,
            captured_at=frame.captured_at,
            inference_ms=round(result.inference_ms, 3),
            processing_ms=round(result.processing_ms, 3),
            detections=tuple(
                DetectionItem(label=found.label, score=found.score, box=found.box)
                for found in class_agnostic_nms(result.detections)
            ),
        )


class Console:
    """Logs inference times after a second and then every `period_s` seconds, and failures once a second at most."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._times_ms: list[float] = []
        self._due_at = time.monotonic() + 1
        self._failures = Throttle(1)

    def say_inference(self, result: Result) -> None:
        """Log the inferences since the last line, in ms."""
        self._times_ms.append(result.inference_ms)
        now = time.monotonic()
        if now >= self._due_at:
            times = sorted(self._times_ms)
            median, slowest = times[len(times) // 2], times[-1]
            logger.info("inference %5.1f ms median, %5.1f max of %d", median, slowest, len(times))
            self._times_ms.clear()
            self._due_at = now + self._period_s

    def say_failure(self) -> None:
        """Log the exception being handled."""
        if self._failures.due():
            logger.exception("a frame could not be processed")


def work_in_python(duration_ms: float) -> None:
    """Run so much pure Python, in ms of CPU time: what a tracker or a hand-written NMS does to the GIL."""
    end = time.thread_time() + duration_ms / 1000
    while time.thread_time() < end:
        pass


def status_of(choice: Choice) -> Status:
    """Return the status that reports the execution provider in use."""
    if choice.warning:
        return Status(component="inference", state="degraded", message=choice.warning)
    return Status(component="inference", state="ok", message=f"runs on {choice.provider}")


def run_processor(
    live: LiveSettings, model: Path, execution: ExecutionOptions, ingest: Ingest, queue: LatestQueue, stop: StopSignal
) -> None:
    """Run the role until stop is set.

    Raises ModelError when `model` cannot be used, and SettingsError when the execution provider is not installed.
    """
    cv2.setNumThreads(1)  # the same in both implementations, so that the comparison is one of threads and processes
    meter = Meter("processor")
    threads = inference_threads()
    detector = load_detector(model, threads, execution)
    choice = detector.choice
    logger.info("%s: %d classes, %d thread(s), on %s", detector.name, len(detector.labels), threads, choice)
    if choice.warning:
        logger.warning("%s", choice.warning)
    processor = FrameProcessor(detector, queue, live, meter)
    publisher = Publisher(ingest, processor.handle)
    with publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
        publisher.send(Model(name=detector.name, labels=detector.labels))
        publisher.send(status_of(choice))
        processor.run(publisher, stop)
