"""Tracks, lines and zones from settings, on a car that drives down the frame."""

import numpy as np

from common.config.settings import LiveSettings
from common.detection.live import Live
from common.detection.outcome import Outcome
from common.detection.tracked import TrackedProcessing
from common.detection.tracking_options import TrackingOptions
from common.frames import Frame
from common.messaging.messages import Detection
from common.messaging.shapes import Line, Polygon

OPTIONS = TrackingOptions(
    lines={"road": ((0.0, 0.5), (1.0, 0.5))}, zones={"yard": ((0.0, 0.6), (1.0, 0.6), (1.0, 0.9), (0.0, 0.9))}
)
IMAGE = np.zeros((4, 6, 3), np.uint8)


def drive(frame: Frame) -> Outcome:
    """A car that moves 0.05 a frame."""
    top = 0.05 * frame.frame_id
    return Outcome([Detection("car", 0.9, (0.4, top, 0.6, top + 0.2))], 9.0, 10.0, values={"own": 1})


def outcomes(camera: str = "gate", count: int = 16) -> list[Outcome]:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()))
    return [process(Frame(camera, index, 1000 + 0.1 * index, IMAGE)) for index in range(count)]


def test_an_object_keeps_its_track_id() -> None:
    ids = [outcome.detections[0].track_id for outcome in outcomes()]
    assert ids == [1] * len(ids)


def test_a_crossing_is_counted_once_by_direction_and_label() -> None:
    events = [event for outcome in outcomes() for event in outcome.events if event.kind == "crossing"]
    assert [(event.text, event.data["direction"]) for event in events] == [("car crossed road, in", "in")]
    assert outcomes()[-1].values["road in car"] == 1


def test_a_zone_reports_presence_stay_and_changes() -> None:
    found = outcomes()
    events = [event for outcome in found for event in outcome.events if event.kind in ("entered", "left")]
    assert [event.kind for event in events] == ["entered", "left"]
    inside = next(outcome for outcome in found if "yard car" in outcome.values)
    assert inside.values["yard car"] == 1
    assert inside.values["yard mean stay s"] == 0


def test_values_of_the_processing_stay_and_shapes_are_drawn() -> None:
    last = outcomes()[-1]
    assert last.values["own"] == 1
    assert last.shapes == (Line(OPTIONS.lines["road"], "road"), Polygon(tuple(OPTIONS.zones["yard"]), "yard"))
    assert (last.inference_ms, last.processing_ms) == (9.0, 10.0)


def test_each_camera_has_its_own_tracks() -> None:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()))
    for index in range(16):
        for camera in ("gate", "yard"):
            last = process(Frame(camera, index, 1000 + 0.1 * index, IMAGE))
    assert last.values["road in car"] == 1
