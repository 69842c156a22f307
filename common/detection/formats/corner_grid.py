"""Corner grid: for each cell a box by its corners, and a score per class, without objectness.

Exported by: LibreYOLO (yolo9).
In: RGB, 0 to 1, letterboxed at the top left of grey 114.
Out: [1, 4 + classes, cells]: x1, y1, x2, y2 in pixels of the canvas, a probability per class.
"""

import numpy as np

from common.detection.formats.cells import share_around_centres, strides_of
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import check_probabilities
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors

MAX_IOU = 0.45
# Minimum share of cells that are inside their own boxes: 1 for this format, and 0.01 for a class grid.
LEAST_AROUND = 0.9


class CornerGrid(ModelFormat):
    """A corner grid."""

    NAME = "corner-grid"
    preprocessing = Preprocessing(fit=Fit.CORNER)

    def __init__(self, output: str, class_count: int) -> None:
        self.outputs = (output,)
        self.class_count = class_count

    @classmethod
    def match(cls, evidence: Evidence) -> "CornerGrid | None":
        """See ModelFormat."""
        output = evidence.only_output(rank=3)
        if output is None:
            return None
        grid = output.values[0]
        strides = strides_of(evidence.canvas, grid.shape[1])
        if strides is None or len(grid) < 4:
            return None
        if share_around_centres(grid[:4].T, evidence.canvas, strides) < LEAST_AROUND:
            return None
        check_probabilities(grid[4:])
        return cls(output.name, len(grid) - 4)

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat. As in the reference implementation, one cell may find several classes."""
        grid = outputs[0][0]
        class_ids, cells = np.nonzero(grid[4:] >= min_score)
        boxes, scores = grid[:4, cells].T, grid[4 + class_ids, cells]
        return select(boxes, scores, class_ids, place, max_iou=MAX_IOU, clip_first=True)
