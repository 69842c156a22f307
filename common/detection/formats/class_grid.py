"""Class grid: for each cell a box by centre and size, and a score per class, without objectness.

Exported by: YOLOv8, YOLOv9, YOLO11, YOLO12, YOLO26 and others of their kind, without NMS.
In: RGB, 0 to 1, letterboxed in the middle of grey 114.
Out: [1, 4 + classes + extra, cells]: cx, cy, w, h in pixels of the canvas, a probability per class, then values that
are ignored: 32 mask coefficients (with the masks as a second output), or keypoints. Or the same transposed.
"""

import numpy as np

from common.detection.boxes import Floats, Integers
from common.detection.formats.cells import centred, share_around_centres, strides_of
from common.detection.formats.evidence import Array, Evidence
from common.detection.formats.model_format import ModelFormat, Objects, select
from common.detection.formats.values import check_probabilities
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError

MAX_IOU = 0.7
# Minimum share of cells that are inside their own boxes: 0.97 to 1 for this format, and 0.01 for x1, y1, x2, y2.
LEAST_AROUND = 0.5
COCO_ROWS = 4 + 80


class ClassGrid(ModelFormat):
    """A class grid."""

    NAME = "class-grid"
    preprocessing = Preprocessing()

    def __init__(self, output: str, class_count: int, ignored: str, *, transposed: bool) -> None:
        self.outputs = (output,)
        self.class_count: int = class_count
        self.ignored = ignored
        self._transposed = transposed

    @classmethod
    def match(cls, evidence: Evidence) -> "ClassGrid | None":
        """See ModelFormat."""
        output, extra, ignored = evidence.boxes_with_extra()
        if output is None:
            return None
        for transposed in (False, True):
            grid = _rows(output.values, transposed)
            strides = strides_of(evidence.canvas, grid.shape[1])
            if strides is None or (transposed and not _without_objectness(evidence, len(grid) - extra)):
                continue
            class_count = len(grid) - 4 - extra
            if share_around_centres(centred(grid[:4].T), evidence.canvas, strides) < LEAST_AROUND:
                if transposed:  # a grid with objectness
                    return None
                raise ModelError("its boxes are not cx, cy, w, h in pixels of the input, around the cells of a grid")
            check_probabilities(grid[4 : 4 + class_count])
            return cls(output.name, class_count, ignored, transposed=transposed)
        return None

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        grid = _rows(outputs[0], self._transposed)
        cells, class_ids, scores = best_classes(grid[4 : 4 + self.class_count], min_score)
        return select(centred(grid[:4, cells].T), scores, class_ids, place, max_iou=MAX_IOU)


def best_classes(probabilities: Floats, min_score: float) -> tuple[Integers, Integers, Floats]:
    """Of a grid (classes × cells): the cells whose best class scores at least `min_score`, that class, its score."""
    # The maximum over whole rows is a fast vector operation; the class is looked up only for the few cells left.
    best = probabilities.max(axis=0)
    cells = np.flatnonzero(best >= min_score)
    return cells, probabilities[:, cells].argmax(axis=0), best[cells]


def _rows(values: Array, transposed: bool) -> Floats:
    """The grid as rows × cells."""
    grid: Floats = values[0].T if transposed else values[0]
    return grid


def _without_objectness(evidence: Evidence, rows: int) -> bool:
    """Whether [1, cells, rows], which is also the shape of an objectness grid, has a class in its fifth column."""
    if evidence.sidecar.format:
        return True  # it is this format
    return rows == (COCO_ROWS if evidence.label_count is None else 4 + evidence.label_count)
