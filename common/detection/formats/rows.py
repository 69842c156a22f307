"""Rows: the boxes that are left after NMS, or of a head that needs none, one a row.

Exported by: YOLOv10, YOLO26 without NMS; YOLOv8 and others with NMS inside.
In: RGB, 0 to 1, letterboxed in the middle of grey 114.
Out: [1, rows, 6 + extra]: x1, y1, x2, y2 in pixels of the canvas, score, class, then values that are ignored:
32 mask coefficients (with the masks as a second output), or keypoints. Rows without an object are 0.
"""

import numpy as np

from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import are_class_ids, are_fractions, are_probabilities, share_of_corners
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError

# The least share of rows with x1 ≤ x2 and y1 ≤ y2: it is 1 for a trained model, half for some with random weights, and
# about 0 where the rows are cx, cy, w, h.
LEAST_CORNERS = 0.4


class Rows(ModelFormat):
    """Rows of boxes in pixels."""

    NAME = "rows"
    preprocessing = Preprocessing()
    class_count = None

    def __init__(self, output: str, ignored: str) -> None:
        self.outputs = (output,)
        self.ignored = ignored

    @classmethod
    def match(cls, evidence: Evidence) -> "Rows | None":
        """See ModelFormat."""
        output, extra, ignored = evidence.boxes_with_extra()
        if output is None or output.shape[2] != 6 + extra:
            return None
        rows = output.values[0]
        rows = rows[rows.any(axis=1)]
        if len(rows) and are_fractions(rows[:, :4]):
            return None
        are_boxes = share_of_corners(rows) >= LEAST_CORNERS
        if not (are_boxes and are_probabilities(rows[:, 4]) and are_class_ids(rows[:, 5])):
            raise ModelError("its rows are not x1, y1, x2, y2, score, class")
        return cls(output.name, ignored)

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        rows = outputs[0][0]
        found = np.flatnonzero((rows[:, 4] >= min_score) & (rows[:, 5] >= 0) & (rows[:, 4] > 0))
        return select(rows[found, :4], rows[found, 4], rows[found, 5].astype(np.intp), place)
