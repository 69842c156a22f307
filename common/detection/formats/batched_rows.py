"""Batched rows: the boxes that are left after NMS, each with the number of its frame in the batch.

Exported by: YOLOv7 with --end2end --max-wh.
In: RGB, 0 to 1, letterboxed in the middle of grey 114.
Out: [n, 7]: number in the batch, x1, y1, x2, y2 in pixels of the canvas, class, score; n varies and may be 0.
"""

import numpy as np

from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.rows import LEAST_CORNERS
from common.detection.formats.values import are_class_ids, are_fractions, are_probabilities, share_of_corners
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError


class BatchedRows(ModelFormat):
    """Rows of boxes in pixels, with their number in the batch."""

    NAME = "batched-rows"
    preprocessing = Preprocessing()
    class_count = None

    def __init__(self, output: str) -> None:
        self.outputs = (output,)

    @classmethod
    def match(cls, evidence: Evidence) -> "BatchedRows | None":
        """See ModelFormat."""
        output = evidence.outputs[0]
        if len(evidence.outputs) != 1 or not output.is_float or output.shape[1:] != (7,):
            return None
        rows = output.values
        is_valid = (
            not rows[:, 0].any()
            and share_of_corners(rows[:, 1:5]) >= LEAST_CORNERS
            and are_class_ids(rows[:, 5])
            and are_probabilities(rows[:, 6])
        )
        if not is_valid or (len(rows) and are_fractions(rows[:, 1:5])):
            raise ModelError("its rows are not batch, x1, y1, x2, y2 in pixels, class, score")
        return cls(output.name)

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        rows = outputs[0]
        found = np.flatnonzero((rows[:, 6] >= min_score) & (rows[:, 5] >= 0))
        return select(rows[found, 1:5], rows[found, 6], rows[found, 5].astype(np.intp), place)
