"""The experiments on the GIL: repeated inference, Python work, or a session for each frame around a detector."""

import time

import numpy as np
import pytest

from common.config.settings import LiveSettings
from common.detection.detector import Inference
from common.detection.experiments import ExperimentalDetector, work_in_python
from common.detection.live import Live
from common.frames import Image
from common.messaging.messages import Detection, SettingChange

FOUND = Detection("car", 0.9, (0.1, 0.2, 0.3, 0.4))
IMAGE = np.zeros((4, 6, 3), np.uint8)


class Detector:
    """Finds one car in every frame, and records its calls."""

    name = "stub"
    labels: tuple[str, ...] = ("car",)

    def __init__(self) -> None:
        self.calls: list[str] = []

    def detect(self, image: Image, min_score: float) -> Inference:
        self.calls.append("detect")
        return Inference([FOUND], 9.0, 10.0)

    def rebuild(self) -> None:
        self.calls.append("rebuild")


@pytest.mark.parametrize(
    ("name", "value", "calls", "times_ms"),
    [
        ("min_score", 0.6, ["detect"], (9, 10)),
        ("infer_repeat", 3, ["detect"] * 3, (27, 30)),
        ("session_per_frame", True, ["rebuild", "detect"], (9, 10)),
    ],
)
def test_a_setting_changes_the_work_of_the_next_frame(
    name: str, value: float, calls: list[str], times_ms: tuple[float, float]
) -> None:
    detector, live = Detector(), Live(LiveSettings())
    live.handle(SettingChange(name=name, value=value))
    result = ExperimentalDetector(detector, live, lambda: False).detect(IMAGE, 0.3)
    assert detector.calls == calls
    assert result.detections == [FOUND]
    assert (result.inference_ms, result.processing_ms) == times_ms


def test_the_rest_of_many_inferences_and_of_long_work_is_skipped_on_stop() -> None:
    answers = iter([False, False, True, True])
    detector = Detector()
    live = Live(LiveSettings(infer_repeat=100, python_work_ms=10_000))
    started = time.thread_time()
    result = ExperimentalDetector(detector, live, lambda: next(answers)).detect(IMAGE, 0.3)
    assert detector.calls == ["detect"] * 3
    assert result.detections == [FOUND]
    assert time.thread_time() - started < 1


def test_python_work_is_cpu_time_of_this_thread() -> None:
    before = time.thread_time()
    work_in_python(30)
    assert 30 <= 1000 * (time.thread_time() - before) < 45


def test_python_work_is_done_for_each_frame() -> None:
    detector = ExperimentalDetector(Detector(), Live(LiveSettings(python_work_ms=10)), lambda: False)
    before = time.thread_time()
    for _ in range(5):
        detector.detect(IMAGE, 0.3)
    assert time.thread_time() - before >= 0.05
