"""Options of query logits: what the numbers of the model cannot show, from its metadata, its names, or a sidecar."""

from dataclasses import dataclass

import numpy as np

from common.detection.boxes import Integers
from common.detection.formats.evidence import Evidence
from common.detection.metadata import QueryInference
from common.detection.preprocessing.options import IMAGENET_MEAN, IMAGENET_STD, Channels, Fit, Levels, Preprocessing
from common.errors import ModelError

COCO_SLOTS = 91  # the category ids of COCO, which has 80 of them; models with these have no column for no object


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """How to read logits.

    `classes` is the class of each column, -1 where a column is none. Only the first `ranked_columns` take part in the
    choice of the best pairs. `stated` is whether the file itself states `preprocessing`.
    """

    softmax: bool
    classes: Integers
    ranked_columns: int
    preprocessing: Preprocessing
    stated: bool = False


def query_options(evidence: Evidence, boxes: str, columns: int) -> QueryOptions:
    """The options of a model with these columns. Raises ModelError where nothing states them."""
    inference, sidecar = evidence.metadata.query_inference, evidence.sidecar
    if inference:
        return _from_metadata(inference, columns)
    if boxes == "dets":  # the name that RF-DETR gives them
        preprocessing = Preprocessing(Fit.STRETCH, mean=IMAGENET_MEAN, std=IMAGENET_STD)
        has_background = columns not in (COCO_SLOTS, evidence.label_count)
    else:
        if sidecar.scores is None or not (sidecar.normalisation or sidecar.mean):
            raise ModelError(
                "its scores are logits, and it is not stated whether a sigmoid or a softmax follows, nor how its input "
                'is normalised: state scores ("sigmoid" or "softmax") and normalisation ("0-1" or "imagenet") in a '
                ".toml file beside it, as its preprocessor_config.json has them"
            )
        preprocessing = Preprocessing(Fit.STRETCH, antialias=True)
        has_background = sidecar.scores == "softmax"
    if sidecar.background:
        has_background = sidecar.background == "last"
    classes = np.arange(columns)
    if has_background:
        classes[-1] = -1
    return QueryOptions(sidecar.scores == "softmax", classes, columns - has_background, preprocessing)


def _from_metadata(inference: QueryInference, columns: int) -> QueryOptions:
    """The options as "rfdetr_inference" has them: all columns are ranked, those without a name are dropped after."""
    classes = np.full(columns, -1)
    for index, column in enumerate(sorted(inference.class_id_to_name)):
        if not 0 <= column < columns:
            raise ModelError(f'metadata "rfdetr_inference" names class {column}, but there are {columns}')
        classes[column] = index
    preprocessing = Preprocessing(
        Fit.STRETCH,
        Channels(inference.channel_order.lower()),
        _levels(inference.means, inference.pixel_scale),
        _levels(inference.stds, inference.pixel_scale),
        antialias=inference.resize_antialias,
    )
    return QueryOptions(False, classes, columns, preprocessing, stated=True)


def _levels(fractions: Levels, scale: float) -> Levels:
    """Means or deviations of scaled levels, in levels."""
    first, second, third = fractions
    return first / scale, second / scale, third / scale
