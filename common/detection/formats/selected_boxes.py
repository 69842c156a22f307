"""Selected boxes: boxes in pixels of the frame and scores, and which of them NMS inside the model selected.

Exported by: the ONNX Model Zoo's Tiny YOLOv3 (tiny-yolov3-11.onnx), and the bundled model.
In: RGB, 0 to 1, letterboxed in the middle of grey 128; and the height and width of the frame in pixels.
Out: boxes [1, n, 4] as y1, x1, y2, x2 in pixels of the frame, since the model undoes the letterbox; scores
[1, classes, n]; (batch, class, box) of each box to keep, [1, m, 3] or [m, 3].
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from common.detection.boxes import with_area
from common.detection.formats.evidence import Evidence
from common.detection.formats.model_format import ModelFormat, Objects, ignore_float_errors
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors


class SelectedBoxes(ModelFormat):
    """Boxes, scores and the indices of those to keep."""

    NAME = "selected-boxes"
    preprocessing = Preprocessing(padding=128)

    def __init__(self, size_input: str, outputs: tuple[str, str, str], class_count: int) -> None:
        self.outputs = outputs
        self.class_count = class_count
        self._size_input = size_input

    @classmethod
    def match(cls, evidence: Evidence) -> "SelectedBoxes | None":
        """See ModelFormat."""
        size = evidence.size_input
        if size is None or size.type != "float":
            return None
        selected = [each for each in evidence.outputs if not each.is_float and each.shape[-1:] == (3,)]
        floats = [each for each in evidence.outputs if each.is_float and len(each.shape) == 3]
        if len(evidence.outputs) != 3 or len(selected) != 1 or len(floats) != 2:
            return None
        for boxes, scores in (floats, floats[::-1]):
            if boxes.shape == (1, scores.shape[2], 4):
                return cls(size.name, (boxes.name, scores.name, selected[0].name), scores.shape[1])
        return None

    def extra_inputs(self, place: Placement) -> Mapping[str, Any]:
        """See ModelFormat."""
        return {self._size_input: np.array([place.frame], np.float32)}

    @ignore_float_errors
    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        boxes, scores, selected = outputs
        triples = selected.reshape(-1, 3)
        # Exports with a fixed number of selections fill up with -1.
        valid = ((triples >= 0) & (triples < scores.shape)).all(axis=1)
        _, class_ids, box_ids = triples[valid].T
        found = scores[0, class_ids, box_ids]
        pixels = boxes[0, box_ids][:, [1, 0, 3, 2]]
        # A frame stretched to its own size is unchanged, so boxes are in pixels of the frame.
        fractions = Placement.fit(place.frame, place.frame, Fit.STRETCH).to_fractions(pixels)
        kept = np.flatnonzero((found >= min_score) & with_area(fractions))
        kept = kept[np.argsort(-found[kept], kind="stable")]
        return Objects(class_ids[kept], found[kept], fractions[kept])
