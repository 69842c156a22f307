"""Offset grid: for each cell a box as offsets from the cell, objectness, and a score per class.

Exported by: YOLOX, without --decode_in_inference.
In: BGR, 0 to 255, letterboxed at the top left of grey 114.
Out: [1, cells, 5 + classes]: x, y, w, h, objectness and a probability per class. The centre of the box is
(xy + cell) × stride, its size exp(wh) × stride, in pixels of the canvas; its score is objectness × class
(Ge et al., "YOLOX: Exceeding YOLO Series in 2021").
"""

import numpy as np

from common.detection.formats.cells import cells, centred, strides_of
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, ignore_float_errors, select
from common.detection.formats.objectness import MAX_IOU, YOLOX_PREPROCESSING, best_of_objectness, is_decoded
from common.detection.formats.values import check_probabilities
from common.detection.preprocessing.placement import Placement, Size
from common.detection.tensors import Tensors

MAX_LOG_SIZE = 20  # e^20 strides exceed any frame; without a bound, a wild value overflows


class OffsetGrid(ModelFormat):
    """An offset grid."""

    NAME = "offset-grid"
    preprocessing = YOLOX_PREPROCESSING

    def __init__(self, output: str, class_count: int, canvas: Size, strides: tuple[int, ...]) -> None:
        self.outputs = (output,)
        self.class_count = class_count
        self._cells, self._strides = cells(canvas, strides)

    @classmethod
    def match(cls, evidence: Evidence) -> "OffsetGrid | None":
        """See ModelFormat."""
        output = evidence.only_output(rank=3)
        if output is None:
            return None
        grid = output.values[0]
        strides = strides_of(evidence.canvas, len(grid))
        if strides is None or grid.shape[1] < 5 or is_decoded(grid, cells(evidence.canvas, strides)):
            return None
        check_probabilities(grid[:, 4:])
        return cls(output.name, grid.shape[1] - 5, evidence.canvas, strides)

    @ignore_float_errors
    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        grid = outputs[0][0]
        found, class_ids, scores = best_of_objectness(grid, min_score)
        centres = (grid[found, :2] + self._cells[found]) * self._strides[found]
        sizes = np.exp(np.minimum(grid[found, 2:4], MAX_LOG_SIZE)) * self._strides[found]
        return select(centred(np.hstack((centres, sizes))), scores, class_ids, place, max_iou=MAX_IOU)
