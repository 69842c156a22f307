"""Recognition: the format of a model, from its metadata, its outputs in a dry run, and its sidecar."""

from collections.abc import Sequence

from common.detection.formats.batched_rows import BatchedRows
from common.detection.formats.boxes_and_scores import BoxesAndScores
from common.detection.formats.class_grid import ClassGrid
from common.detection.formats.corner_grid import CornerGrid
from common.detection.formats.distribution_grid import DistributionGrid
from common.detection.formats.evidence import Evidence
from common.detection.formats.labelled_boxes import LabelledBoxes
from common.detection.formats.model_format import ModelFormat
from common.detection.formats.objectness_grid import ObjectnessGrid
from common.detection.formats.offset_grid import OffsetGrid
from common.detection.formats.query_boxes import QueryBoxes
from common.detection.formats.query_logits import QueryLogits
from common.detection.formats.refusal import check_task, is_map, refusal
from common.detection.formats.rows import Rows
from common.detection.formats.selected_boxes import SelectedBoxes
from common.detection.formats.sized_boxes import SizedBoxes
from common.detection.metadata import MAX_CLASSES
from common.errors import ModelError

# Order: formats distinguished by the inputs and the number of outputs, then grids, then rows. A corner grid precedes a
# class grid, since nine in ten of its cells are also inside of their boxes when these are read as centre and size.
FORMATS: Sequence[type[ModelFormat]] = (
    SelectedBoxes,
    SizedBoxes,
    LabelledBoxes,
    BoxesAndScores,
    QueryLogits,
    DistributionGrid,
    CornerGrid,
    ClassGrid,
    OffsetGrid,
    ObjectnessGrid,
    BatchedRows,
    Rows,
    QueryBoxes,
)


def recognise(evidence: Evidence) -> ModelFormat:
    """Return the format that fits.

    Raises ModelError with the inputs and outputs of the model, the nearest format, and what to export instead.
    """
    check_task(evidence.metadata)
    if is_map(evidence) and not evidence.sidecar.format:
        raise ModelError(refusal(evidence))
    for kind in _candidates(evidence):
        if found := kind.match(evidence):
            if found.class_count is not None and not 1 <= found.class_count <= MAX_CLASSES:
                raise ModelError(f"it has {found.class_count} classes; 1 to {MAX_CLASSES} are allowed")
            return found
    raise ModelError(refusal(evidence))


def _candidates(evidence: Evidence) -> Sequence[type[ModelFormat]]:
    """Return the formats to try: a single one if the sidecar or the metadata states it."""
    metadata = evidence.metadata
    if name := evidence.sidecar.format:
        named = [kind for kind in FORMATS if name == kind.NAME]
        if not named:
            names = ", ".join(kind.NAME for kind in FORMATS)
            raise ModelError(f"the .toml file beside it states format = {name!r:.40}, which is not one of {names}")
        return named
    if metadata.query_inference:
        return [QueryLogits]
    if metadata.family == "yolo9":
        return [CornerGrid]
    if metadata.head == "RTDETRDecoder":
        return [QueryBoxes]
    if metadata.suppressed:
        return [Rows]
    return FORMATS
