"""Objectness grid: for each cell or anchor a box by centre and size, objectness, and a score per class.

Exported by: YOLOX with --decode_in_inference (a box per cell), YOLOv5, YOLOv7 with --grid (three anchors per cell).
In: a box per cell: BGR, 0 to 255, letterboxed at the top left of grey 114; anchors: RGB, 0 to 1, letterboxed in the
middle of grey 114.
Out: [1, boxes, 5 + classes]: cx, cy, w, h in pixels of the canvas, objectness and a probability per class. The score is
objectness × class.
"""

import numpy as np

from common.detection.formats.cells import cells, centred, strides_of
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, ignore_float_errors, select
from common.detection.formats.objectness import MAX_IOU, YOLOX_PREPROCESSING, best_of_objectness, is_decoded
from common.detection.formats.values import check_probabilities
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors
from common.errors import ModelError

ANCHORS = 3


class ObjectnessGrid(ModelFormat):
    """An objectness grid."""

    NAME = "objectness-grid"

    def __init__(self, output: str, class_count: int, preprocessing: Preprocessing) -> None:
        self.outputs = (output,)
        self.class_count = class_count
        self.preprocessing = preprocessing

    @classmethod
    def match(cls, evidence: Evidence) -> "ObjectnessGrid | None":
        """See ModelFormat."""
        output = evidence.only_output(rank=3)
        if output is None or output.shape[2] < 5:
            return None
        grid = output.values[0]
        class_count = grid.shape[1] - 5
        if strides := strides_of(evidence.canvas, len(grid)):
            if not is_decoded(grid, cells(evidence.canvas, strides)):
                return None
            _check_objectness(evidence, output.name, class_count)
            preprocessing = YOLOX_PREPROCESSING
        elif len(grid) % ANCHORS == 0 and (strides := strides_of(evidence.canvas, len(grid) // ANCHORS)):
            grids = [cells(evidence.canvas, (stride,)) for stride in strides for _ in range(ANCHORS)]
            if not is_decoded(grid, (np.vstack([each[0] for each in grids]), np.vstack([each[1] for each in grids]))):
                raise ModelError(
                    "its boxes are not cx, cy, w, h in pixels of the input; export it with its grid decoded"
                )
            preprocessing = Preprocessing()
        else:
            return None
        check_probabilities(grid[:, 4:])
        return cls(output.name, class_count, preprocessing)

    @ignore_float_errors
    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        grid = outputs[0][0]
        found, class_ids, scores = best_of_objectness(grid, min_score)
        return select(centred(grid[found, :4]), scores, class_ids, place, max_iou=MAX_IOU)


def _check_objectness(evidence: Evidence, output: str, class_count: int) -> None:
    """Raise ModelError where the fifth column may be a class: see the transposed class grid."""
    known = evidence.sidecar.format or evidence.label_count == class_count
    if not known and class_count != 80 and output != "output":  # the name that YOLOX gives it
        raise ModelError(
            f"output {output} is a grid with {class_count} classes and objectness, or with {class_count + 1} classes "
            "and none; state format or labels in a .toml file beside it"
        )
