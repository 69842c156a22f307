"""Labelled boxes: boxes, labels and scores of a model that takes a frame of any size and does the rest inside.

Exported by: torchvision (Faster R-CNN, RetinaNet, FCOS, SSD).
In: RGB, 0 to 1, without a batch dimension: [3, height, width].
Out, in any order: boxes [n, 4] as x1, y1, x2, y2 in pixels of the canvas, class ids [n] from 1, scores [n]. NMS is in
the model.
"""

import numpy as np

from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import check_probabilities
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors


class LabelledBoxes(ModelFormat):
    """Boxes, labels and scores, without a batch dimension."""

    NAME = "labelled-boxes"
    preprocessing = Preprocessing(Fit.CORNER)
    class_count = None

    def __init__(self, boxes: str, labels: str, scores: str) -> None:
        self.outputs = (boxes, labels, scores)

    @classmethod
    def match(cls, evidence: Evidence) -> "LabelledBoxes | None":
        """See ModelFormat."""
        boxes = [each for each in evidence.outputs if each.is_float and each.shape[1:] == (4,)]
        scores = [each for each in evidence.outputs if each.is_float and len(each.shape) == 1]
        labels = [each for each in evidence.outputs if not each.is_float and len(each.shape) == 1]
        if not len(boxes) == len(scores) == len(labels) == 1 or len(evidence.outputs) != 3:
            return None
        check_probabilities(scores[0].values)
        return cls(boxes[0].name, labels[0].name, scores[0].name)

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat. Class id 0 of the model is the background, 1 the first class."""
        boxes, labels, scores = outputs
        found = np.flatnonzero((scores >= min_score) & (labels >= 1))
        return select(boxes[found], scores[found], labels[found] - 1, place)
