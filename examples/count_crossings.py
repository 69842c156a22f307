"""Count the objects that cross a line, by direction and label, and send an event for each."""

from common.processing import Event, Frame, Line, LineCounter, Result, Tracker, detector, track

Point = tuple[float, float]


class Crossings:
    """`line` is two points as fractions of the frame; `in` is from its left to its right as seen from the first."""

    def __init__(
        self,
        line: tuple[Point, Point] = ((0.2, 0.55), (0.95, 0.55)),
        model: str = "default",
        min_score: float = 0.3,
    ) -> None:
        self.detector = detector(model, min_score)
        self.tracker = Tracker(min_score)
        (x1, y1), (x2, y2) = line
        self.counter = LineCounter("line", (x1, y1), (x2, y2))

    def process(self, frame: Frame) -> Result:
        detections = self.detector.detect(frame)
        tracked = track(self.tracker, frame, detections)
        crossings = self.counter.update(frame.captured_at, tracked)
        counts = dict.fromkeys(("in", "out"), 0)
        for (direction, _), count in self.counter.counts.items():
            counts[direction] += count
        return Result(
            detections,
            values=counts,
            shapes=[Line(self.counter.segment, f"in {counts['in']}, out {counts['out']}")],
            events=[
                Event(
                    "crossing",
                    f"{crossing.label} crossed the line, {crossing.direction}",
                    {"direction": crossing.direction, "label": crossing.label, "track_id": crossing.track_id},
                )
                for crossing in crossings
            ],
        )
