"""Experiments on the GIL: a detector with more work around each frame, which viewers set while the app runs.

More inference releases the GIL, pure Python holds it; a new session for each frame is what the first version of this
sample did. Without an experiment a detection is that of the detector alone.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from common.detection.detector import Detector, Inference
from common.detection.live import Live
from common.frames import Image

WORK_STEP_MS = 500.0  # of Python work between two heartbeats


class ExperimentalDetector:
    """A Detector that wraps another. `stopped` is called between the parts of the work, and counts as a heartbeat."""

    def __init__(self, detector: Detector, live: Live, stopped: Callable[[], bool]) -> None:
        self._detector = detector
        self._live = live
        self._stopped = stopped

    def detect(self, image: Image, min_score: float) -> Inference:
        """See Detector. The times of repeated inferences add up, as those of a heavier model."""
        settings = self._live.settings
        if settings.session_per_frame:
            self.rebuild()
        result = self._detector.detect(image, min_score)
        for _ in range(settings.infer_repeat - 1):
            if self._stopped():
                break
            again = self._detector.detect(image, min_score)
            result = replace(
                result,
                inference_ms=result.inference_ms + again.inference_ms,
                processing_ms=result.processing_ms + again.processing_ms,
            )
        left_ms = settings.python_work_ms
        while left_ms > 0 and not self._stopped():
            work_in_python(min(left_ms, WORK_STEP_MS))
            left_ms -= WORK_STEP_MS
        return result

    @property
    def name(self) -> str:
        """See Detector."""
        return self._detector.name

    @property
    def labels(self) -> tuple[str, ...]:
        """See Detector."""
        return self._detector.labels

    def rebuild(self) -> None:
        """See Detector."""
        self._detector.rebuild()


def work_in_python(duration_ms: float) -> None:
    """Run pure Python for `duration_ms` ms of CPU time: what a tracker or NMS written in Python does to the GIL."""
    end = time.thread_time() + duration_ms / 1000
    while time.thread_time() < end:
        pass
