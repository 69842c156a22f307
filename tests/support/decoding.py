"""Formats made from the outputs of a dry run, and what they decode from tables of numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from common.detection.formats.evidence import Evidence, Output
from common.detection.formats.model_format import ModelFormat, Objects
from common.detection.preprocessing.placement import Placement, Size
from common.detection.tensors import TensorSpec

SIDE = 416
IMAGE = TensorSpec("images", "float", (1, 3, SIDE, SIDE))


def matched(kind: type[ModelFormat], outputs: Mapping[str, Any], canvas: Size = (SIDE, SIDE), **more: Any) -> Any:
    """The format, made from these outputs of a dry run."""
    evidence = Evidence([IMAGE], [Output(name, values) for name, values in outputs.items()], canvas, **more)
    found = kind.match(evidence)
    assert found is not None
    return found


def decoded(found: ModelFormat, *outputs: Any, frame: Size = (SIDE, SIDE), min_score: float = 0.3) -> Objects:
    place = Placement.fit(frame, (SIDE, SIDE), found.preprocessing.fit)
    return found.decode([np.asarray(each) for each in outputs], place, min_score)


def float32(values: object) -> np.ndarray:
    return np.array(values, np.float32)
