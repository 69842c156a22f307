"""Boxes: what a detector found and where, as fractions of the frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.integer]
Mask: TypeAlias = npt.NDArray[np.bool_]

# Above it two boxes show one object, whatever they are called. Of two vehicles in a queue, or of a rider and what is
# ridden, the boxes overlap less.
SAME_OBJECT_IOU = 0.8
# That NMS keeps: at a threshold of 0 everything is an object, and each one kept takes a look at all the rest.
MOST_BOXES = 300


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `box` is x1, y1, x2, y2 as fractions (0 to 1) of the frame; `score` is 0 to 1."""

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies on a model's canvas, in pixels of the canvas; all around it is padding."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def fit(cls, frame: tuple[int, int], canvas: tuple[int, int], *, centred: bool) -> "Letterbox":
        """The largest place for `frame` on `canvas` (both height, width in pixels) that keeps its aspect."""
        scale = min(canvas[0] / frame[0], canvas[1] / frame[1])
        # A frame a thousand times wider than high is still a pixel high.
        height, width = (max(1, round(side * scale)) for side in frame)
        if not centred:
            return cls(0, 0, width, height)
        return cls((canvas[1] - width) // 2, (canvas[0] - height) // 2, width, height)

    def to_fractions(self, boxes: Floats) -> Floats:
        """Boxes (n × 4: x1, y1, x2, y2 in pixels of the canvas) as fractions of the frame, cut at its edges."""
        corner = np.array((self.left, self.top, self.left, self.top), np.float32)
        size = np.array((self.width, self.height, self.width, self.height), np.float32)
        fractions: Floats = np.clip((boxes - corner) / size, 0, 1)
        return fractions


def with_area(boxes: Floats) -> Mask:
    """Which boxes cover anything: not those that lay in the padding, stand on their head, or hold a NaN."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.logical_and(sides[:, 0] > 0, sides[:, 1] > 0)


def nms(boxes: Floats, scores: Floats, class_ids: Integers, max_iou: float) -> Integers:
    """Non-maximum suppression: which boxes to keep (indices, best first), MOST_BOXES at most.

    Greedy: the best box stays, and every lesser one of its class that overlaps it by more than `max_iou` goes.
    `boxes` is n × 4 (x1, y1, x2, y2); their unit does not matter, since IoU has none.
    """
    kept: list[np.intp] = []
    waiting = np.argsort(-scores, kind="stable")
    while waiting.size and len(kept) < MOST_BOXES:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        rivals = (iou(boxes[best], boxes[waiting]) > max_iou) & (class_ids[waiting] == class_ids[best])
        waiting = waiting[~rivals]
    return np.array(kept, np.intp)


def one_label_each(detections: Sequence[Detection]) -> list[Detection]:
    """Class-agnostic NMS: of detections in nearly the same place only the best is left. Best first, as they came.

    A model does its NMS a class at a time, so that a van may be found as a car and as a truck.
    """
    boxes = np.array([detection.box for detection in detections], np.float32).reshape(-1, 4)
    scores = np.array([detection.score for detection in detections], np.float32)
    kept = nms(boxes, scores, np.zeros(len(boxes), np.intp), SAME_OBJECT_IOU)
    return [detections[index] for index in kept]


def iou(box: Floats, others: Floats) -> Floats:
    """Intersection over union of a box (4) with each of the others (n × 4). Each must have an area."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    intersection = np.maximum(sides, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - intersection
    ratio: Floats = intersection / union
    return ratio
