"""Processing of a frame with a model: detection, then class-agnostic NMS."""

from common.detection.detector import Detector
from common.detection.live import Live
from common.detection.nms import class_agnostic_nms
from common.detection.outcome import Outcome
from common.frames import Frame


class ModelProcessing:
    """Detects with the confidence threshold that viewers set."""

    def __init__(self, detector: Detector, live: Live) -> None:
        self._detector = detector
        self._live = live

    def __call__(self, frame: Frame) -> Outcome:
        """The outcome of one frame. Raises ModelError when the model fails on it."""
        result = self._detector.detect(frame.image, self._live.settings.min_score)
        return Outcome(class_agnostic_nms(result.detections), result.inference_ms, result.processing_ms)
