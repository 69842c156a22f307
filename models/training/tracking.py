"""`python -m models.training.tracking`: the tracker on the bundled clip against its exact identities, by py-motmetrics.

Needs requirements-dev.txt. Objects lower than MIN_HEIGHT_PX count neither as missed nor, when tracked, as false. The
crossings are those of vehicles, of the line of examples/count_crossings.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import motmetrics
import numpy as np

from common.detection.detector import load_detector
from common.detection.nms import class_agnostic_nms
from common.frames import Image
from common.messaging.messages import Detection
from common.model_zoo.resolve import default_model, sample_clip
from common.tracking.association import overlap
from common.tracking.line_counter import Direction, LineCounter
from common.tracking.tracked_box import TrackedBox
from common.tracking.tracker import Tracker
from models.training.exact_tracks import CLIP_FPS, exact_tracks

FPS = 10
MIN_SCORE = 0.35
MIN_HEIGHT_PX = 16
CLIP_HEIGHT_PX = 360
MIN_IOU = 0.4  # of a track and the object that it follows
METRICS = ("mota", "idf1", "num_switches", "num_objects")
LINE = ((0.2, 0.55), (0.95, 0.55))

Detect = Callable[[Image, Sequence[TrackedBox]], Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class Figures:
    """METRICS of the tracker, and the crossings in each direction."""

    metrics: list[float]
    crossings: dict[Direction, int]


def main() -> None:
    """Print a table."""
    detector = load_detector(default_model(), 1)
    print("| boxes from | MOTA | IDF1 | ID switches | objects | in | out |\n|---|---:|---:|---:|---:|---:|---:|")
    sources: dict[str, Detect] = {
        "the bundled model": lambda image, exact: class_agnostic_nms(detector.detect(image, MIN_SCORE).detections),
        "the exact boxes": lambda image, exact: [Detection(each.label, 0.9, each.box) for each in exact],
    }
    for name, detect in sources.items():
        found = figures(detect)
        mota, idf1, switches, objects = found.metrics
        cells = f"{mota:.2f} | {idf1:.2f} | {switches:.0f} | {objects:.0f}"
        print(f"| {name} | {cells} | {found.crossings['in']} | {found.crossings['out']} |", flush=True)
    truth = exact_crossings()
    print(f"| exact identities | | | | | {truth['in']} | {truth['out']} |")


def figures(detect: Detect) -> Figures:
    """Track these detections at FPS."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    tracker, counter = Tracker(MIN_SCORE), LineCounter("line", *LINE)
    video = cv2.VideoCapture(str(sample_clip()))
    for number, exact in enumerate(exact_tracks()):
        image = np.asarray(video.read()[1], np.uint8)
        if number % (CLIP_FPS // FPS) == 0:
            found = detect(image, exact)
            boxes = np.array([each.box for each in found]).reshape(-1, 4)
            scores = np.array([each.score for each in found])
            ids = tracker.update(number / CLIP_FPS, boxes, scores, [each.label for each in found])
            _add(accumulator, exact, boxes, ids)
            tracked = [
                TrackedBox(track_id, each.label, each.box)
                for track_id, each in zip(ids, found, strict=True)
                if track_id is not None
            ]
            counter.update(number / CLIP_FPS, tracked)
    summary = motmetrics.metrics.create().compute(accumulator, metrics=list(METRICS), name="clip")
    return Figures([float(summary[metric].iloc[0]) for metric in METRICS], vehicle_crossings(counter))


def exact_crossings() -> dict[Direction, int]:
    """Return the number of vehicles that cross LINE in each direction, by their identities."""
    counter = LineCounter("exact", *LINE)
    for number, exact in enumerate(exact_tracks()):
        counter.update(number / CLIP_FPS, exact)
    return vehicle_crossings(counter)


def vehicle_crossings(counter: LineCounter) -> dict[Direction, int]:
    """Return the counts of a line in each direction, without persons."""
    counts: dict[Direction, int] = {"in": 0, "out": 0}
    for (direction, label), count in counter.counts.items():
        if label != "person":
            counts[direction] += count
    return counts


def _add(
    accumulator: motmetrics.MOTAccumulator, exact: Sequence[TrackedBox], boxes: np.ndarray, ids: Sequence[int | None]
) -> None:
    tracked = [index for index, track_id in enumerate(ids) if track_id is not None]
    truth = np.array([each.box for each in exact]).reshape(-1, 4)
    large = (truth[:, 3] - truth[:, 1]) * CLIP_HEIGHT_PX >= MIN_HEIGHT_PX
    similarity = overlap(truth, boxes[tracked])
    follows = similarity.argmax(axis=0) if len(truth) else np.empty(0, int)
    kept = [
        column
        for column, row in enumerate(follows.tolist())
        if large[row] or similarity[row, column] < MIN_IOU  # not a track of an object that does not count
    ]
    rows = np.flatnonzero(large).tolist()
    distances = 1 - similarity[rows][:, kept]
    distances[distances > 1 - MIN_IOU] = np.nan
    accumulator.update([exact[row].track_id for row in rows], [ids[tracked[column]] for column in kept], distances)


if __name__ == "__main__":
    main()
