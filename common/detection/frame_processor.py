"""The FrameProcessor: runs the detector on the latest frame and publishes the detections."""

import time
from collections.abc import Callable

from common.detection.event_messages import event_messages
from common.detection.failures import Failures
from common.detection.inference_log import InferenceLog, log_period_s
from common.detection.outcome import Outcome
from common.errors import FrameDroppedError
from common.frames import Frame
from common.interfaces import FrameReader, StopSignal
from common.messaging.event import Event
from common.messaging.messages import UNNAMED, Detections
from common.pacing import Clock
from common.telemetry.meter import Meter
from common.transport import Publisher

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
