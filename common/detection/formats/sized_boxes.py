"""Sized boxes: labels, boxes and scores of a transformer that scales its boxes to a size it is given.

Exported by: RT-DETR, RT-DETRv2, D-FINE, DEIM, with their post-processing.
In: RGB, 0 to 1, stretched with antialiasing; and the size to scale boxes to, as width and height.
Out: class ids [1, boxes], boxes [1, boxes, 4] as x1, y1, x2, y2 in units of that size, scores [1, boxes]. No NMS is
needed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import are_class_ids, check_probabilities
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError


class SizedBoxes(ModelFormat):
    """Labels, boxes and scores, with boxes in pixels of the canvas, which is the size that it is given."""

    NAME = "sized-boxes"
    preprocessing = Preprocessing(Fit.STRETCH, antialias=True)
    class_count = None

    def __init__(self, size_input: str, outputs: tuple[str, str, str]) -> None:
        self.outputs = outputs
        self._size_input = size_input

    @classmethod
    def match(cls, evidence: Evidence) -> "SizedBoxes | None":
        """See ModelFormat."""
        size = evidence.size_input
        if size is None or size.type != "int64":
            return None
        class_ids = [each for each in evidence.outputs if not each.is_float and len(each.shape) == 2]
        boxes = [each for each in evidence.outputs if each.is_float and each.shape[2:] == (4,)]
        scores = [each for each in evidence.outputs if each.is_float and len(each.shape) == 2]
        if not len(class_ids) == len(boxes) == len(scores) == 1 or len(evidence.outputs) != 3:
            return None
        if not are_class_ids(class_ids[0].values):
            raise ModelError(f"output {class_ids[0].name} holds class ids below 0")
        check_probabilities(scores[0].values)
        return cls(size.name, (class_ids[0].name, boxes[0].name, scores[0].name))

    def extra_inputs(self, place: Placement) -> Mapping[str, Any]:
        """See ModelFormat."""
        return {self._size_input: np.array([place.canvas[::-1]], np.int64)}

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        class_ids, boxes, scores = (output[0] for output in outputs)
        found = np.flatnonzero((scores >= min_score) & (class_ids >= 0))
        return select(boxes[found], scores[found], class_ids[found], place)
