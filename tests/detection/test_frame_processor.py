"""The FrameProcessor: the newest frame, the live settings, and no frame that ends it."""

import logging
import os
import sys
import time
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from common.config.settings import LiveSettings
from common.detection.detector import Inference
from common.detection.frame_processor import FrameProcessor
from common.detection.inference_log import InferenceLog, log_period_s
from common.detection.live import Live
from common.detection.model_processing import ModelProcessing
from common.errors import ModelError, VisionError
from common.frames import Frame, Image
from common.messaging.base import Message
from common.messaging.messages import Detection, Detections, ServerMessage, SettingChange, ViewerCount
from common.telemetry.meter import Meter
from tests.support.clock import Clock
from tests.support.publishers import StoppingPublisher
from tests.support.reports import merged
from threading_impl.latest_queue import LatestQueue
from threading_impl.stop_signal import StopSignal

FOUND = Detection("car", 0.9, (0.1, 0.2, 0.3, 0.4))
IMAGE = np.zeros((4, 6, 3), np.uint8)


class Detector:
    """Finds one car in every frame, fails on white ones, and records its calls."""

    name = "stub"
    labels: tuple[str, ...] = ("car",)

    def __init__(self) -> None:
        self.calls: list[str] = []

    def detect(self, image: Image, min_score: float) -> Inference:
        if image.all():
            raise ModelError("a white frame")
        self.calls.append(f"detect {min_score:g}")
        return Inference([FOUND], 9.0, 10.0)

    def rebuild(self) -> None:
        self.calls.append("rebuild")


class Frames(LatestQueue):
    """Returns these frames, one after another."""

    def __init__(self, *images: Image) -> None:
        super().__init__()
        self._waiting = [Frame("main", index, time.time(), image) for index, image in enumerate(images)]

    def get(self, timeout_s: float) -> Frame | None:
        return self._waiting.pop(0) if self._waiting else None


def run(frames: Frames, live: LiveSettings | None = None, *, count: int = 1) -> tuple[list[str], list[Message], Meter]:
    """Return the arguments of the detector, the messages published and the counts, after `count` results."""
    detector, meter, stop = Detector(), Meter("processor"), StopSignal()
    publisher = StoppingPublisher(stop, count)
    FrameProcessor(ModelProcessing(detector, Live(live or LiveSettings())), frames, meter).run(publisher, stop)
    return detector.calls, publisher.sent, meter


def test_what_is_found_is_published_with_the_frame_it_was_found_in() -> None:
    _, (message,), _ = run(Frames(IMAGE))
    assert isinstance(message, Detections)
    assert (message.camera, message.frame_id) == ("main", 0)
    assert (message.inference_ms, message.processing_ms) == (9.0, 10.0)
    assert [(item.label, item.score, item.box) for item in message.detections] == [("car", 0.9, FOUND.box)]


def test_times_and_the_age_of_the_frame_are_measured() -> None:
    _, _, meter = run(Frames(IMAGE, IMAGE), count=2)
    report = merged(meter.take_report())
    assert report.counts["processed"] == 2
    assert report.samples["inference_ms"] == [9.0, 9.0]
    assert all(0 <= age < 60_000 for age in report.samples["processor_age_ms"])


def test_a_frame_that_fails_is_counted_and_the_next_one_processed(caplog: pytest.LogCaptureFixture) -> None:
    white = np.full_like(IMAGE, 255)
    with caplog.at_level(logging.ERROR):
        _, sent, meter = run(Frames(white, white, IMAGE))
    assert [cast(Detections, message).frame_id for message in sent] == [2]
    assert merged(meter.take_report()).drops == {"processor/failed": 2}
    assert len(caplog.records) == 1  # once a second at most


def test_a_processor_in_which_all_frames_fail_for_long_ends_to_be_started_again() -> None:
    clock = Clock()

    class SlowFrames(Frames):
        def get(self, timeout_s: float) -> Frame | None:
            clock.now += 4
            return super().get(timeout_s)

    white = np.full_like(IMAGE, 255)
    frames = SlowFrames(white, white, white, IMAGE, *[white] * 9)  # 16 s from the first to the fifth of the latter
    meter, stop = Meter("processor"), StopSignal()
    publisher = StoppingPublisher(stop, 2)
    processor = FrameProcessor(ModelProcessing(Detector(), Live(LiveSettings())), frames, meter, clock)
    with pytest.raises(VisionError, match="no frame could be processed for 15 s: a white frame"):
        processor.run(publisher, stop)
    assert len(publisher.sent) == 1
    assert merged(meter.take_report()).drops == {"processor/failed": 3 + 5}


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        (SettingChange(name="min_score", value=0.6), ["detect 0.6"]),
        (SettingChange(name="min_score", value=7), ["detect 0.3"]),
        (SettingChange(name="unknown", value=7), ["detect 0.3"]),
        (ViewerCount(count=2), ["detect 0.3"]),
    ],
)
def test_a_setting_acts_on_the_next_frame(message: ServerMessage, calls: list[str]) -> None:
    detector, stop, live = Detector(), StopSignal(), Live(LiveSettings())
    processor = FrameProcessor(ModelProcessing(detector, live), Frames(IMAGE), Meter("processor"))
    live.handle(message)
    processor.run(StoppingPublisher(stop), stop)
    assert detector.calls == calls


def test_inference_times_are_logged_once_a_second_on_a_terminal_and_once_a_minute_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal, device = os.openpty()
    try:
        with os.fdopen(device, "w") as stderr:
            monkeypatch.setattr(sys, "stderr", stderr)
            assert log_period_s() == 1
    finally:
        os.close(terminal)
    with (tmp_path / "log").open("w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        assert log_period_s() == 60


@pytest.mark.parametrize(
    ("label", "inference", "words"),
    [(None, True, "inference"), ("vehicles", True, "vehicles: inference"), (None, False, "processing")],
)
def test_inference_times_are_logged_once_a_second(
    caplog: pytest.LogCaptureFixture, label: str | None, inference: bool, words: str
) -> None:
    clock = Clock()
    log = InferenceLog(1.0, clock, label=label)
    with caplog.at_level(logging.INFO):
        for time_ms in range(1, 25):
            clock.now += 1 / 8
            log.add(inference * time_ms, time_ms)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split()[-1] for line in lines] == ["8", "8", "8"]
    assert lines[0].startswith(f"{words}   5.0 ms median,   8.0 max")
