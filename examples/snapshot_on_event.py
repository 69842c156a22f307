"""Save a JPEG file of the frame when an object of a label appears."""

from pathlib import Path

import cv2

from common.processing import Event, Frame, Result, Tracker, detector, track


class Snapshot:
    """`label` is what to wait for, `folder` where the files go, `limit` the number of files after which it stops."""

    def __init__(self, label: str = "bus", folder: str = "snapshots", limit: int = 100, min_score: float = 0.4) -> None:
        self.detector = detector(min_score=min_score)
        self.tracker = Tracker(min_score)
        self.label = label
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.limit = limit
        self.seen: set[int] = set()

    def process(self, frame: Frame) -> Result:
        detections = self.detector.detect(frame)
        tracked = track(self.tracker, frame, detections)
        new = {each.track_id for each in tracked if each.label == self.label} - self.seen
        events = []
        for track_id in sorted(new)[: max(0, self.limit - len(self.seen))]:
            file = self.folder / f"{frame.camera}-{self.label}-{track_id}.jpg"
            cv2.imwrite(str(file), frame.image)
            events.append(Event("appeared", f"a {self.label} appeared", {"file": file.name, "track_id": track_id}))
        self.seen |= new
        return Result(detections, values={f"{self.label} seen": len(self.seen)}, events=events)
