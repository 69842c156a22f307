"""How long objects stay in a zone, and an event when one stays long."""

from common.processing import Event, Frame, Polygon, Result, Tracker, Zone, detector, track

Point = tuple[float, float]


class Stay:
    """`zone` is three or more points as fractions of the frame, `alarm_s` the stay in seconds that is an event."""

    def __init__(
        self,
        zone: tuple[Point, ...] = ((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)),
        alarm_s: float = 3.0,
        min_score: float = 0.3,
    ) -> None:
        self.detector = detector(min_score=min_score)
        self.tracker = Tracker(min_score)
        self.zone = Zone("zone", [(x, y) for x, y in zone])
        self.alarm_s = alarm_s
        self.reported: set[int] = set()

    def process(self, frame: Frame) -> Result:
        detections = self.detector.detect(frame)
        self.zone.update(frame.captured_at, track(self.tracker, frame, detections))
        stays_s = self.zone.stays_s(frame.captured_at)
        long = {track_id for track_id, stay_s in stays_s.items() if stay_s >= self.alarm_s}
        events = [
            Event("long stay", f"an object has stayed for {stays_s[track_id]:.0f} s", {"track_id": track_id})
            for track_id in sorted(long - self.reported)
        ]
        self.reported = long
        return Result(
            detections,
            values={"inside": len(stays_s), "longest stay s": round(max(stays_s.values(), default=0.0), 1)},
            shapes=[Polygon(self.zone.polygon, f"{len(stays_s)} inside")],
            events=events,
        )
