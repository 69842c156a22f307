"""The OpenVINO provider itself, in an environment with requirements-openvino.txt."""

import os
from pathlib import Path

import numpy as np
import pytest

from common.capture.video_source import open_source
from common.detection.detector import OnnxDetector, load_detector
from common.detection.providers import ExecutionOptions
from common.detection.session import available_providers
from common.frames import Image
from common.model_zoo.resolve import default_model, sample_clip
from threading_impl.stop_signal import StopSignal

pytestmark = pytest.mark.skipif(
    "OpenVINOExecutionProvider" not in available_providers(), reason="needs requirements-openvino.txt"
)


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    """Ten frames of the bundled clip, one second apart."""
    with open_source(str(sample_clip()), 30, lambda state, message: None) as video:
        found: list[Image] = []
        for index, (_, image, _) in enumerate(video.frames(StopSignal())):
            if index % 30 == 0:
                found.append(image.copy())
            if len(found) == 10:
                break
    return found


def load(provider: str, device: str | None = None, cache_folder: Path | None = None) -> OnnxDetector:
    return load_detector(default_model(), 1, ExecutionOptions(provider, device, cache_folder))  # type: ignore[arg-type]


def test_auto_is_openvino() -> None:
    choice = load("auto").choice
    assert (choice.provider, choice.warning) == ("openvino", None)


def test_the_bundled_model_detects_the_same_as_on_the_cpu(frames: list[Image]) -> None:
    on_cpu, on_openvino = load("cpu"), load("openvino")
    for frame in frames:
        expected, found = (detector.detect(frame, 0.4).detections for detector in (on_cpu, on_openvino))
        assert len(expected) == pytest.approx(len(found), abs=1)
        for detection in expected:
            if detection.score > 0.45:  # so that rounding cannot move it below the threshold
                same = [other for other in found if other.label == detection.label]
                distance = min(np.abs(np.subtract(other.box, detection.box)).max() for other in same)
                assert distance < 0.03  # the convolutions are of 8 bits: a rounding moves a side by a pixel or more


@pytest.mark.parametrize("device", ["GPU.7", "unknown"])
def test_a_device_that_is_absent_is_replaced_by_the_cpu(device: str, frames: list[Image]) -> None:
    detector = load("openvino", device)
    assert detector.choice.provider == "cpu"
    assert str(detector.choice.warning).startswith("inference runs on the CPU: openvino: ")
    assert detector.detect(frames[0], 0.3).detections


def test_compiled_models_are_kept_for_devices_other_than_the_cpu(tmp_path: Path) -> None:
    load("openvino", "CPU", tmp_path)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
    load("openvino", "HETERO:CPU", tmp_path)
    assert [file.suffix for file in tmp_path.rglob("*") if file.is_file()] == [".blob"]
    assert load("openvino", "HETERO:CPU", tmp_path).choice.provider == "openvino"


def test_one_thread_uses_one_core_and_waiting_uses_none(frames: list[Image]) -> None:
    detector = load("openvino")
    detector.detect(frames[0], 0.3)
    before, wall_ms = os.times(), 0.0
    for _ in range(50):
        wall_ms += detector.detect(frames[0], 0.3).processing_ms
    used_ms = 1000 * (sum(os.times()[:2]) - sum(before[:2]))
    assert used_ms < 1.5 * wall_ms
