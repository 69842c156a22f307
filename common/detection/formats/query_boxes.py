"""Query boxes: a box as fractions for each query of a transformer, with scores after the sigmoid.

Exported by: RT-DETR as Ultralytics has it.
In: RGB, 0 to 1, stretched.
Out: [1, queries, 6]: cx, cy, w, h as fractions of the canvas, score, class; or [1, queries, 4 + classes]: the box, then
a probability per class. No NMS is needed.
"""

import numpy as np

from common.detection.formats.cells import centred
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import are_class_ids, are_fractions, are_probabilities, share_of_corners
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError


class QueryBoxes(ModelFormat):
    """Boxes as fractions, with a score and a class each, or with a score per class."""

    NAME = "query-boxes"
    preprocessing = Preprocessing(Fit.STRETCH)

    def __init__(self, output: str, class_count: int | None) -> None:
        self.outputs = (output,)
        self.class_count = class_count

    @classmethod
    def match(cls, evidence: Evidence) -> "QueryBoxes | None":
        """See ModelFormat."""
        output = evidence.only_output(rank=3)
        if output is None or output.shape[2] < 5:
            return None
        rows = output.values[0]
        if not are_fractions(rows[:, :4]) or not rows.any():
            return None
        if share_of_corners(rows) == 1:  # w and h are not larger than cx and cy in every row
            raise ModelError("its boxes are x1, y1, x2, y2 as fractions; cx, cy, w, h or pixels are expected")
        has_class = rows.shape[1] == 6 and are_class_ids(rows[:, 5])
        if not are_probabilities(rows[:, 4:5] if has_class else rows[:, 4:]):
            return None
        return cls(output.name, None if has_class else rows.shape[1] - 4)

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        rows = outputs[0][0]
        if self.class_count is None:
            scores, class_ids = rows[:, 4], np.maximum(rows[:, 5], 0).astype(np.intp)
        else:
            class_ids = rows[:, 4:].argmax(axis=1)
            scores = rows[np.arange(len(rows)), 4 + class_ids]
        found = np.flatnonzero(scores >= min_score)
        return select(place.to_pixels(centred(rows[found, :4])), scores[found], class_ids[found], place)
