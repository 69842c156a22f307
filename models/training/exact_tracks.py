"""The exact boxes of the bundled clip, linked to tracks."""

import gzip
import json
from pathlib import Path

import numpy as np

from common.model_zoo.resolve import sample_clip
from common.tracking.association import overlap
from common.tracking.tracked_box import TrackedBox

CLIP_FPS = 30
MAX_GAP = 30  # frames for which a vehicle may be hidden
MIN_IOU = 0.2  # of a prediction and a box


def exact_tracks() -> list[list[TrackedBox]]:
    """The tracked boxes of each frame. Labels are class names.

    Greedy: in each frame the pairs of a prediction with constant velocity and a box of its class, best IoU first.
    """
    content = json.loads(gzip.decompress(Path(sample_clip()).with_name("road_boxes.json.gz").read_bytes()))
    known: dict[int, tuple[int, np.ndarray, np.ndarray, int]] = {}  # frame, box, velocity, class
    frames = []
    for number, rows in enumerate(content["frames"]):
        live = {key: each for key, each in known.items() if number - each[0] <= MAX_GAP}
        boxes = np.array([row[1:5] for row in rows], np.float32).reshape(-1, 4)
        pairs = []
        for key, (seen, box, velocity, kind) in live.items():
            predicted = (box + np.tile(velocity, 2) * (number - seen)).astype(np.float32)
            overlaps = (
                overlap(predicted[None].astype(np.float64), boxes.astype(np.float64))[0] if len(boxes) else np.empty(0)
            )
            pairs += [(overlaps[i], key, i) for i, row in enumerate(rows) if row[0] == kind and overlaps[i] > MIN_IOU]
        ids: dict[int, int] = {}
        for _, key, index in sorted(pairs, reverse=True):
            if index not in ids and key not in ids.values():
                ids[index] = key
        tracked = []
        for index, row in enumerate(rows):
            key = ids.get(index, len(known))
            velocity = np.zeros(2)
            if key in known:
                seen, box, before, _ = known[key]
                moved = (_centre(boxes[index]) - _centre(box)) / (number - seen)
                velocity = (moved + before) / 2 if before.any() else moved
            known[key] = (number, boxes[index], velocity, row[0])
            x1, y1, x2, y2 = boxes[index].tolist()
            tracked.append(TrackedBox(key, str(content["classes"][row[0]]), (x1, y1, x2, y2)))
        frames.append(tracked)
    return frames


def _centre(box: np.ndarray) -> np.ndarray:
    centre: np.ndarray = (box[:2] + box[2:]) / 2
    return centre
