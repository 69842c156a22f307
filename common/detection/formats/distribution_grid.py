"""Distribution grid: for each cell a score per class, and a distribution over the distance of each side of its box.

Exported by: NanoDet-Plus.
In: BGR with the mean and deviation of its training images, stretched.
Out: [1, cells, classes + 4 × 8] over grids of stride 8, 16, 32 and 64: a probability per class, then for the left, top,
right and bottom side the logits of the distances 0 to 7 strides, whose mean is the distance from the cell's corner
(Li et al., "Generalized Focal Loss", 2020).
"""

import numpy as np

from common.detection.boxes import Floats
from common.detection.formats.cells import cells
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, ignore_float_errors, select
from common.detection.formats.values import are_probabilities
from common.detection.preprocessing.options import Channels, Fit, Preprocessing
from common.detection.preprocessing.placement import Placement, Size
from common.detection.tensors import Tensors

STRIDES = (8, 16, 32, 64)
BINS = 8
MAX_IOU = 0.6
MAX_BOXES = 100


class DistributionGrid(ModelFormat):
    """A distribution grid."""

    NAME = "distribution-grid"
    preprocessing = Preprocessing(
        Fit.STRETCH, Channels.BGR, mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395)
    )

    def __init__(self, output: str, class_count: int, canvas: Size) -> None:
        self.outputs = (output,)
        self.class_count: int = class_count
        places, self._strides = cells(canvas, STRIDES)
        self._corners = places * self._strides

    @classmethod
    def match(cls, evidence: Evidence) -> "DistributionGrid | None":
        """See ModelFormat."""
        output = evidence.only_output(rank=3)
        if output is None or output.shape[1] != len(cells(evidence.canvas, STRIDES)[0]):
            return None
        class_count = output.shape[2] - 4 * BINS
        if class_count < 0 or not are_probabilities(output.values[0, :, :class_count]):
            return None
        return cls(output.name, class_count, evidence.canvas)

    @ignore_float_errors
    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat. As in the reference implementation, one cell may find several classes."""
        grid = outputs[0][0]
        found, class_ids = np.nonzero(grid[:, : self.class_count] >= min_score)
        distances = _means(grid[found, self.class_count :].reshape(-1, 4, BINS)) * self._strides[found]
        corners = self._corners[found]
        boxes = np.hstack((corners - distances[:, :2], corners + distances[:, 2:]))
        scores = grid[found, class_ids]
        return select(boxes, scores, class_ids, place, max_iou=MAX_IOU, limit=MAX_BOXES, clip_first=True)


def _means(logits: Floats) -> Floats:
    """The mean of each distribution (… × bins) over 0, 1, 2 and so on."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    means: Floats = weights @ np.arange(BINS, dtype=np.float32) / weights.sum(axis=-1)
    return means
