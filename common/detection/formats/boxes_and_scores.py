"""Boxes and scores: two outputs, boxes as fractions and a score per class for each, before NMS.

Exported by: YOLOv3 and YOLOv4 from Darknet's files.
In: RGB, 0 to 1, stretched.
Out: boxes [1, n, 1, 4] or [1, n, 4] as x1, y1, x2, y2, fractions of the canvas; probabilities [1, n, classes].
"""

import numpy as np

from common.detection.formats.class_grid import best_classes
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import are_probabilities, share_of_corners
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors

MAX_IOU = 0.6
MAX_MEDIAN = 2.0  # of fractions, which may be large where a box is; of pixels it is far larger


class BoxesAndScores(ModelFormat):
    """Boxes and scores before NMS."""

    NAME = "boxes-and-scores"
    preprocessing = Preprocessing(Fit.STRETCH)

    def __init__(self, boxes: str, scores: str, class_count: int) -> None:
        self.outputs = (boxes, scores)
        self.class_count = class_count

    @classmethod
    def match(cls, evidence: Evidence) -> "BoxesAndScores | None":
        """See ModelFormat."""
        if len(evidence.outputs) != 2:
            return None
        for boxes, scores in (evidence.outputs, evidence.outputs[::-1]):
            if (
                boxes.shape in ((*scores.shape[:2], 1, 4), (*scores.shape[:2], 4))
                and len(scores.shape) == 3
                and np.median(np.abs(boxes.values)) < MAX_MEDIAN
                and share_of_corners(boxes.values.reshape(-1, 4)) == 1
                and are_probabilities(scores.values)
            ):
                return cls(boxes.name, scores.name, scores.shape[2])
        return None

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        found, class_ids, scores = best_classes(outputs[1][0].T, min_score)
        boxes = outputs[0].reshape(-1, 4)[found]
        return select(place.to_pixels(boxes), scores, class_ids, place, max_iou=MAX_IOU)
