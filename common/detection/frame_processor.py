"""The FrameProcessor: runs the detector on the latest frame and publishes the detections."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2

from common.detection.event_messages import event_messages
from common.detection.failures import Failures
from common.detection.inference_log import InferenceLog, log_period_s
from common.detection.live import Live
from common.detection.load_processing import load_processing
from common.detection.loading import load_with_heartbeat
from common.detection.options import ProcessorOptions
from common.detection.outcome import Outcome
from common.detection.tracked import TrackedProcessing
from common.errors import FrameDroppedError
from common.events.spool import Spool
from common.events.writer import EventWriter
from common.frames import Frame
from common.interfaces import FrameReader, Ingest, Publisher, StopSignal
from common.messaging.base import Message
from common.messaging.event import Event
from common.messaging.messages import UNNAMED, Detections, ServerMessage, Status
from common.pacing import Clock
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter

QUEUE_TIMEOUT_S = 0.2  # interval of the checks of stop while no frame arrives


class FrameProcessor:
    """Takes the newest frame whenever it is free: frames that came meanwhile are overwritten, never delayed."""

    def __init__(
        self,
        process: Callable[[Frame], Outcome],
        queue: FrameReader,
        meter: Meter,
        clock: Clock = time.monotonic,
        *,
        name: str = UNNAMED,
        label: str | None = None,
        spool: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """`name` is that of the processor in messages and events, `label` in a Status. `spool` keeps events."""
        self._processing = process
        self._queue = queue
        self._meter = meter
        self._name = name
        self._spool = spool
        self._log = InferenceLog(log_period_s(), clock, label=label)
        self._failures = Failures(clock, label)

    def run(self, publisher: Publisher, stop: StopSignal) -> None:
        """Process frames until stop is set. Raises VisionError when all of them fail for FAILING_S."""
        while not stop.is_set():
            stop.beat()
            frame = self._next_frame()
            if frame is None:
                continue
            outcome = self._process(frame, publisher)
            if outcome is not None:
                publisher.send(detections_of(frame, outcome, self._name))
                for event in event_messages(frame, outcome.events, self._name):
                    self._spool(event)
                    publisher.send(event)

    def _next_frame(self) -> Frame | None:
        try:
            return self._queue.get(QUEUE_TIMEOUT_S)
        except FrameDroppedError as error:
            self._meter.drop("processor", str(error), camera=error.camera)
            return None

    def _process(self, frame: Frame, publisher: Publisher) -> Outcome | None:
        """The outcome of `frame`, None when it fails: one bad frame must not end the role."""
        camera = frame.camera
        self._meter.count("taken", camera=camera)
        self._meter.sample_age("processor_age_ms", frame.captured_at, camera=camera)
        try:
            outcome = self._processing(frame)
        except Exception as error:
            self._meter.drop("processor", "failed", camera=camera)
            self._failures.add(error, publisher)
            return None
        self._failures.clear(publisher)
        self._meter.count("processed", camera=camera)
        if outcome.inference_ms:  # none in code without a model
            self._meter.sample("inference_ms", outcome.inference_ms, camera=camera)
        self._meter.sample("processing_ms", outcome.processing_ms, camera=camera)
        self._log.add(outcome.inference_ms, outcome.processing_ms)
        return outcome


def detections_of(frame: Frame, outcome: Outcome, processor: str) -> Detections:
    """Return the message for viewers."""
    return Detections(
        camera=frame.camera,
        processor=processor,
        frame_id=frame.frame_id,
        captured_at=frame.captured_at,
        inference_ms=round(outcome.inference_ms, 3),
        processing_ms=round(outcome.processing_ms, 3),
        detections=tuple(outcome.detections),
        values=dict(outcome.values),
        shapes=tuple(outcome.shapes),
    )


def run_processor(options: ProcessorOptions, ingest: Ingest, queue: FrameReader, stop: StopSignal) -> None:
    """Run the role until stop is set.

    Raises ModelError when the model cannot be used, ProcessorError when the user's code cannot be loaded, and
    SettingsError when the execution provider is not installed.
    """
    cv2.setNumThreads(1)  # the same in both implementations, so that the comparison is one of threads and processes
    meter, live = Meter(options.role, processor=options.name), Live(options.live)
    handlers: list[Callable[[ServerMessage], None]] = [live.handle]

    def handle(message: ServerMessage) -> None:
        for each in handlers:
            each(message)

    def report(message: Message) -> None:
        named = isinstance(message, Status)
        publisher.send(message.model_copy(update={"processor": options.label}) if named else message)

    publisher = ingest.publisher(handle)
    loaded = load_with_heartbeat(lambda: load_processing(options, live, stop, report), stop)
    if loaded is None:
        return
    process = TrackedProcessing(loaded.process, options.tracking, live, options.name)
    # Before the server sends what viewers chose, which it does when the role connects.
    handlers += [*loaded.handlers, process.handle]
    meter.follow_drop("server", "too many events", lambda: publisher.lost_event_count)
    with event_spool(options, meter) as spool, publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
        for message in loaded.announcements:
            report(message)
        processor = FrameProcessor(process, queue, meter, name=options.name, label=options.label, spool=spool)
        processor.run(publisher, stop)


@contextmanager
def event_spool(options: ProcessorOptions, meter: Meter) -> Iterator[Callable[[Event], None]]:
    """Yield what keeps events for the sinks: a writer of the spool, or nothing without sinks."""
    if options.spool is None:
        yield lambda event: None
        return
    with EventWriter(Spool(options.spool, options.max_events)) as writer:
        meter.follow_drop("spool", "too many events", lambda: writer.lost_count)
        yield writer.write
