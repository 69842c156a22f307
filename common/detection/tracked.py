"""Tracks, lines and zones from settings: track ids for detections, counts and stays as values, changes as events."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from common.detection.live import Live
from common.detection.outcome import Event, Outcome
from common.detection.tracking_options import TrackingOptions, tracking_of
from common.frames import Frame
from common.messaging.messages import MAX_SHAPES, MAX_VALUES, UNNAMED, Detection, ServerMessage
from common.messaging.regions import RegionsChange
from common.messaging.shapes import Line, Polygon
from common.tracking.line_counter import LineCounter
from common.tracking.tracked_box import TrackedBox
from common.tracking.tracker import Tracker
from common.tracking.zone import Zone


class TrackedProcessing:
    """Adds to the outcome of another processing, for each camera apart, while there is something to track for."""

    def __init__(
        self, process: Callable[[Frame], Outcome], options: TrackingOptions, live: Live, processor: str = UNNAMED
    ) -> None:
        """`processor` is the name in messages that change its lines and zones."""
        self._process = process
        self._options = options
        self._live = live
        self._processor = processor
        self._cameras: dict[str, _Camera] = {}

    def handle(self, message: ServerMessage) -> None:
        """Use other lines and zones from the next frame on. Called by the publisher's thread."""
        if isinstance(message, RegionsChange) and message.processor == self._processor:
            self._options = tracking_of(self._options.track, message)

    def __call__(self, frame: Frame) -> Outcome:
        """See ModelProcessing."""
        options = self._options
        outcome = self._process(frame)
        if not options.is_needed:
            self._cameras.clear()
            return outcome
        if frame.camera not in self._cameras:
            self._cameras[frame.camera] = _Camera(self._live.settings.min_score)
        camera = self._cameras[frame.camera]
        camera.use(options)
        return camera.add(frame.captured_at, outcome)


class _Camera:
    """The tracker, the lines and the zones of one camera."""

    def __init__(self, min_score: float) -> None:
        self._tracker = Tracker(min_score)
        self._lines: list[LineCounter] = []
        self._zones: list[Zone] = []

    def use(self, options: TrackingOptions) -> None:
        """Count at these lines and zones; those that are unchanged keep their counts and stays."""
        lines = {(line.name, line.segment): line for line in self._lines}
        self._lines = [lines.get(each) or LineCounter(each[0], *each[1]) for each in options.lines.items()]
        zones = {(zone.name, zone.polygon): zone for zone in self._zones}
        self._zones = [zones.get((name, tuple(points))) or Zone(name, points) for name, points in options.zones.items()]

    def add(self, at_s: float, outcome: Outcome) -> Outcome:
        """The outcome with track ids, values, shapes and events. Values and shapes beyond the limits are omitted."""
        found = self._track(at_s, outcome.detections)
        tracked = [TrackedBox(each.track_id, each.label, each.box) for each in found if each.track_id is not None]
        events = list(outcome.events)
        for line in self._lines:
            events += [
                Event(
                    "crossing",
                    f"{crossing.label} crossed {crossing.line}, {crossing.direction}",
                    {"line": crossing.line, "direction": crossing.direction, "label": crossing.label},
                )
                for crossing in line.update(at_s, tracked)
            ]
        for zone in self._zones:
            events += [
                Event(
                    change.kind,
                    f"{change.label} {change.kind} {change.zone}",
                    {"zone": change.zone, "label": change.label, "stay_s": round(change.stay_s, 2)},
                )
                for change in zone.update(at_s, tracked)
            ]
        return replace(
            outcome,
            detections=found,
            values=dict(islice({**outcome.values, **self._values(at_s)}.items(), MAX_VALUES)),
            shapes=(*outcome.shapes, *self._shapes())[:MAX_SHAPES],
            events=events,
        )

    def _track(self, at_s: float, detections: Sequence[Detection]) -> list[Detection]:
        boxes = np.array([each.box for each in detections], np.float64).reshape(-1, 4)
        scores = np.array([each.score for each in detections])
        ids = self._tracker.update(at_s, boxes, scores, [each.label for each in detections])
        return [replace(each, track_id=track_id) for each, track_id in zip(detections, ids, strict=True)]

    def _values(self, at_s: float) -> dict[str, float]:
        values: dict[str, float] = {}
        for line in self._lines:
            for (direction, label), count in line.counts.items():
                values[f"{line.name} {direction} {label}"] = count
        for zone in self._zones:
            for label, count in zone.present.items():
                values[f"{zone.name} {label}"] = count
            if stays := list(zone.stays_s(at_s).values()):
                values[f"{zone.name} mean stay s"] = round(sum(stays) / len(stays), 1)
        return values

    def _shapes(self) -> list[Line | Polygon]:
        lines: list[Line | Polygon] = [Line(line.segment, line.name) for line in self._lines]
        return lines + [Polygon(zone.polygon, zone.name) for zone in self._zones]
