"""Tracks, lines and zones from settings, on a car that drives down the frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from common.config.settings import LiveSettings
from common.detection.frame_processor import detections_of
from common.detection.live import Live
from common.detection.outcome import Outcome
from common.detection.tracked import TrackedProcessing
from common.detection.tracking_options import TrackingOptions
from common.frames import Frame
from common.geometry import Point, Segment
from common.messaging.messages import MAX_SHAPES, MAX_VALUES, Detection
from common.messaging.regions import Region, RegionsChange
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


def change(
    lines: dict[str, Segment], zones: dict[str, Sequence[Point]] | None = None, processor: str = "main"
) -> RegionsChange:
    return RegionsChange(
        processor=processor,
        lines=tuple(Region(name=name, points=points) for name, points in lines.items()),
        zones=tuple(Region(name=name, points=tuple(points)) for name, points in (zones or {}).items()),
    )


def drive_through(process: TrackedProcessing, first: int, end: int) -> list[Outcome]:
    """Process the frames from `first` to `end` of the car that drives down."""
    return [process(Frame("gate", index, 1000 + 0.1 * index, IMAGE)) for index in range(first, end)]


def test_a_line_that_a_viewer_adds_counts_from_the_next_frame_on_and_tracks_keep_their_ids() -> None:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()))
    before = drive_through(process, 0, 8)[-1]
    assert before.values["road in car"] == 1
    process.handle(
        change({**OPTIONS.lines, "exit": ((0.0, 0.75), (1.0, 0.75))}, {"yard": tuple(OPTIONS.zones["yard"])})
    )
    after = drive_through(process, 8, 16)[-1]
    assert after.values["road in car"] == 1  # unchanged, so its count is kept
    assert after.values["exit in car"] == 1
    assert after.detections[0].track_id == before.detections[0].track_id == 1
    assert [shape.text for shape in after.shapes] == ["road", "exit", "yard"]


def test_a_line_that_is_moved_counts_from_zero() -> None:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()))
    drive_through(process, 0, 8)
    process.handle(change({"road": ((0.0, 0.9), (1.0, 0.9))}))
    assert drive_through(process, 8, 9)[0].values == {"own": 1}


def test_a_zone_keeps_its_stays_while_another_is_added() -> None:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()))
    drive_through(process, 0, 12)
    zones = {**OPTIONS.zones, "all": ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))}
    process.handle(change({}, zones))
    (after,) = drive_through(process, 12, 13)
    assert after.values["yard mean stay s"] > 0
    assert [event.text for event in after.events] == ["car entered all"]


def test_a_processor_begins_to_track_with_its_first_line_and_ends_with_its_last() -> None:
    process = TrackedProcessing(drive, TrackingOptions(), Live(LiveSettings()))
    (before,) = drive_through(process, 0, 1)
    process.handle(change({"road": ((0.0, 0.5), (1.0, 0.5))}))
    during = drive_through(process, 1, 8)[-1]
    process.handle(change({}))
    (after,) = drive_through(process, 8, 9)
    assert [each.detections[0].track_id for each in (before, during, after)] == [None, 1, None]
    assert (during.values["road in car"], after.values) == (1, {"own": 1})


def test_lines_of_another_processor_change_nothing() -> None:
    process = TrackedProcessing(drive, OPTIONS, Live(LiveSettings()), "vehicles")
    process.handle(change({}, processor="people"))
    assert drive_through(process, 0, 8)[-1].values["road in car"] == 1


def test_values_and_shapes_beyond_the_limits_of_a_message_are_omitted() -> None:
    def many(frame: Frame) -> Outcome:
        shapes = [Line(((0.0, 0.0), (1.0, 1.0)))] * MAX_SHAPES
        return replace(drive(frame), values={str(number): 1.0 for number in range(MAX_VALUES)}, shapes=shapes)

    last = drive_through(TrackedProcessing(many, OPTIONS, Live(LiveSettings())), 0, 16)[-1]
    assert (len(last.values), len(last.shapes)) == (MAX_VALUES, MAX_SHAPES)
    assert detections_of(Frame("gate", 1, 1000, IMAGE), last, "main").values == last.values
