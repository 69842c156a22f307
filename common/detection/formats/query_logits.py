"""Query logits: a box as fractions and the logits of its classes, for each query of a transformer.

Exported by: RF-DETR (outputs dets and labels), Hugging Face's DETR, RT-DETR and D-FINE (logits and pred_boxes).
In: RGB, stretched; see query_options for the rest.
Out: boxes [1, queries, 4] as cx, cy, w, h, fractions of the canvas, and logits [1, queries, classes]. After a sigmoid
the best pairs of query and class are taken, after a softmax each query's best class. No NMS is needed.
"""

import numpy as np

from common.detection.boxes import Floats, Integers
from common.detection.formats.cells import centred
from common.detection.formats.evidence import Evidence, Output
from common.detection.formats.model_format import ModelFormat, Objects, ignore_float_errors, select
from common.detection.formats.query_options import QueryOptions, query_options
from common.detection.formats.values import are_fractions
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors


class QueryLogits(ModelFormat):
    """Boxes and logits of queries."""

    NAME = "query-logits"

    def __init__(self, boxes: str, logits: str, options: QueryOptions) -> None:
        self.outputs = (boxes, logits)
        self.preprocessing = options.preprocessing
        self.preprocessing_stated = options.stated
        self.class_count: int = options.classes.max() + 1
        self._options = options

    @classmethod
    def match(cls, evidence: Evidence) -> "QueryLogits | None":
        """See ModelFormat."""
        pair = _boxes_and_logits(evidence)
        if pair is None:
            return None
        boxes, logits = pair
        return cls(boxes.name, logits.name, query_options(evidence, boxes.name, logits.shape[2]))

    @ignore_float_errors
    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """See ModelFormat."""
        boxes, logits = outputs[0][0], outputs[1][0]
        queries, columns, scores = (_softmax_best if self._options.softmax else self._sigmoid_best)(logits, min_score)
        class_ids = self._options.classes[columns]
        known = np.flatnonzero(class_ids >= 0)
        found = place.to_pixels(centred(boxes[queries[known]]))
        return select(found, scores[known], class_ids[known], place, limit=len(boxes))

    def _sigmoid_best(self, logits: Floats, min_score: float) -> tuple[Integers, Integers, Floats]:
        """Of all pairs of query and column, as many as there are queries: query, column, score."""
        probabilities = np.reciprocal(1 + np.exp(-logits[:, : self._options.ranked_columns]), dtype=np.float32)
        queries, columns = np.nonzero(probabilities >= min_score)
        scores = probabilities[queries, columns]
        best = np.argsort(-scores, kind="stable")[: len(logits)]
        return queries[best], columns[best], scores[best]


def _softmax_best(logits: Floats, min_score: float) -> tuple[Integers, Integers, Floats]:
    """Each query's best column but the last, which stands for no object: query, column, score."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (exponentials / exponentials.sum(axis=1, keepdims=True))[:, :-1]
    columns = probabilities.argmax(axis=1)
    scores = probabilities[np.arange(len(logits)), columns]
    queries = np.flatnonzero(scores >= min_score)
    return queries, columns[queries], scores[queries]


def _boxes_and_logits(evidence: Evidence) -> tuple[Output, Output] | None:
    """Return the boxes and the logits, distinguished by their names, else by their values."""
    if len(evidence.outputs) != 2:
        return None
    for output in evidence.outputs:
        if not output.is_float or len(output.shape) != 3 or output.shape[:2] != evidence.outputs[0].shape[:2]:
            return None
    first, second = evidence.outputs
    if {first.name, second.name} in ({"dets", "labels"}, {"logits", "pred_boxes"}):
        boxes, logits = (first, second) if first.name in ("dets", "pred_boxes") else (second, first)
    else:
        boxes, logits = (first, second) if _can_be_boxes(first) else (second, first)
    return (boxes, logits) if _can_be_boxes(boxes) else None


def _can_be_boxes(output: Output) -> bool:
    return output.shape[2] == 4 and are_fractions(output.values)
