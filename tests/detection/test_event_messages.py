"""Events as messages, with their frame and a small JPEG of it."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.config.settings import LiveSettings
from common.detection.event_messages import event_messages
from common.detection.options import ProcessorOptions
from common.detection.outcome import Event
from common.detection.providers import ON_CPU
from common.detection.role import event_spool
from common.events import writer
from common.events.spool import Spool
from common.frames import Frame
from common.telemetry.meter import Meter


@pytest.mark.parametrize("size", [(360, 640), (2160, 3840), (90, 160), (1, 4000)])
def test_an_event_carries_its_frame_and_a_thumbnail(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    frame = Frame("gate", 7, 1000.5, noise)
    first, second = event_messages(frame, [Event("crossing", "a car", {"line": "road"}), Event("left")], "vehicles")
    assert (first.camera, first.processor, first.frame_id, first.captured_at) == ("gate", "vehicles", 7, 1000.5)
    assert (first.kind, first.text, first.data) == ("crossing", "a car", {"line": "road"})
    assert first.event_id != second.event_id
    if first.thumbnail:  # noise may not fit
        image = cv2.imdecode(np.frombuffer(base64.b64decode(first.thumbnail), np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[1] == min(320, size[1])


def test_a_frame_without_events_is_not_encoded() -> None:
    assert list(event_messages(Frame("gate", 7, 1000.5, np.zeros((0, 0, 3), np.uint8)), [], "vehicles")) == []


def test_events_are_appended_to_the_spool(tmp_path: Path) -> None:
    options = ProcessorOptions(Path("m.onnx"), ON_CPU, LiveSettings(), spool=tmp_path / "events.sqlite")
    frame = Frame("gate", 7, 1000.5, np.zeros((9, 16, 3), np.uint8))
    with event_spool(options, Meter("processor")) as spool:
        for event in event_messages(frame, [Event("entered"), Event("left")], "vehicles"):
            spool(event)
    with Spool(tmp_path / "events.sqlite", 10) as written:
        assert [each.event.kind for each in written.since(0, 10)] == ["entered", "left"]


def test_events_that_find_no_room_before_the_spool_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 0)
    options = ProcessorOptions(Path("m.onnx"), ON_CPU, LiveSettings(), spool=tmp_path / "events.sqlite")
    frame = Frame("gate", 7, 1000.5, np.zeros((9, 16, 3), np.uint8))
    meter = Meter("processor")
    with event_spool(options, meter) as spool:
        for event in event_messages(frame, [Event("entered"), Event("left")], "vehicles"):
            spool(event)
    assert meter.take_report().drops == {"spool/too many events": 2}
