"""The protocol of model formats: how to feed a model, and what its outputs mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from common.detection.boxes import Floats, Integers, with_area
from common.detection.formats.evidence import Evidence
from common.detection.nms import MAX_BOXES, nms
from common.detection.preprocessing.options import Preprocessing
from common.detection.preprocessing.placement import Placement
from common.detection.tensors import Tensors

MAX_PIXELS = 1e6  # of a coordinate on the canvas: what is beyond, infinite or NaN is not a box

# A model may give any number, infinity too: such boxes are dropped, without a warning from NumPy.
ignore_float_errors = np.errstate(all="ignore")


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects in a frame, best first: class ids (n), scores (n), boxes (n × 4) as fractions of the frame."""

    class_ids: Integers
    scores: Floats
    boxes: Floats


class ModelFormat(Protocol):
    """One shape of model. Stateless after its creation."""

    NAME: ClassVar[str]
    """As in a sidecar and in messages."""
    outputs: tuple[str, ...]
    """The names of the outputs, in the order in which `decode` takes them."""
    class_count: int | None
    """The number of classes; None where the outputs do not show it."""
    preprocessing: Preprocessing
    """What models of this shape expect, unless a sidecar states otherwise."""
    preprocessing_stated: bool = False
    """Whether the file itself states `preprocessing`."""
    ignored: str = ""
    """What the model finds besides boxes, and the app does not show."""

    @classmethod
    def match(cls, evidence: Evidence) -> Self | None:
        """The format, where `evidence` fits it. Raises ModelError when it fits but cannot be used as it is."""

    def extra_inputs(self, place: Placement) -> Mapping[str, Any]:
        """What to feed besides the image."""
        return {}

    def decode(self, outputs: Tensors, place: Placement, min_score: float) -> Objects:
        """The objects that score at least `min_score`. `outputs` are floats of 32 bits, or integers."""


@ignore_float_errors
def select(
    boxes: Floats,
    scores: Floats,
    class_ids: Integers,
    place: Placement,
    *,
    max_iou: float | None = None,
    limit: int = MAX_BOXES,
    clip_first: bool = False,
) -> Objects:
    """The best `limit` of these boxes (n × 4: x1, y1, x2, y2 in pixels of the canvas), as objects on the frame.

    NMS within each class is done where `max_iou` is given, with `clip_first` on the boxes as clipped to the frame.
    Boxes that are not finite, or without an area on the frame, are dropped.
    """
    usable = (np.abs(boxes) < MAX_PIXELS).all(axis=1) & with_area(boxes) & (scores >= 0)
    boxes, scores, class_ids = boxes[usable], scores[usable], class_ids[usable]
    fractions = place.to_fractions(boxes)
    visible = with_area(fractions)
    boxes, scores, class_ids, fractions = boxes[visible], scores[visible], class_ids[visible], fractions[visible]
    kept: Integers
    if max_iou is None:
        kept = np.argsort(-scores, kind="stable")[:limit]
    else:
        kept = nms(fractions if clip_first else boxes, scores, class_ids, max_iou, limit)
    return Objects(class_ids[kept], scores[kept], fractions[kept])
