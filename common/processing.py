"""The interface for your own code: all that a processor needs, stable across releases.

A processor is a function `process(frame)`, or a class with this method. It returns detections, a `Result`, or None.
docs/your-code.md is the introduction.
"""

from collections.abc import Sequence

from common.detection.detector import OnnxDetector, load_detector
from common.detection.nms import class_agnostic_nms
from common.detection.outcome import Event, Result
from common.frames import Frame
from common.messaging.messages import Detection
from common.messaging.shapes import Line, Polygon, Text
from common.model_zoo.resolve import resolve_model
from common.telemetry.machine import inference_threads
from common.tracking.line_counter import Crossing, LineCounter
from common.tracking.tracked_box import TrackedBox
from common.tracking.tracker import Tracker
from common.tracking.zone import Zone, ZoneChange

__all__ = [
    "Crossing",
    "Detection",
    "Event",
    "Frame",
    "Line",
    "LineCounter",
    "ModelDetector",
    "Polygon",
    "Result",
    "Text",
    "TrackedBox",
    "Tracker",
    "Zone",
    "ZoneChange",
    "detector",
    "track",
]


class ModelDetector:
    """A model that detects objects in frames."""

    def __init__(self, model: OnnxDetector, min_score: float) -> None:
        self.labels = model.labels
        self._model = model
        self._min_score = min_score

    def detect(self, frame: Frame) -> list[Detection]:
        """The objects in `frame`, best first. Raises ModelError when the model fails on it."""
        return class_agnostic_nms(self._model.detect(frame.image, self._min_score).detections)


def detector(name_or_path: str = "default", min_score: float = 0.3) -> ModelDetector:
    """Load a model: `default`, the name of one in models/, or an ONNX file. Raises ModelError."""
    return ModelDetector(load_detector(resolve_model(name_or_path), inference_threads()), min_score)


def track(tracker: Tracker, frame: Frame, detections: Sequence[Detection]) -> list[TrackedBox]:
    """Update a tracker with the detections of a frame; those that belong to a track, with its id."""
    boxes = [each.box for each in detections]
    scores = [each.score for each in detections]
    ids = tracker.update(frame.captured_at, boxes, scores, [each.label for each in detections])  # type: ignore[arg-type]
    return [
        TrackedBox(track_id, each.label, each.box)
        for track_id, each in zip(ids, detections, strict=True)
        if track_id is not None
    ]
