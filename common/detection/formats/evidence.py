"""Evidence: the input of the recognition of a format."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from common.detection.metadata import Metadata
from common.detection.preprocessing.placement import Size
from common.detection.sidecar import Sidecar
from common.detection.tensors import TensorSpec

Array: TypeAlias = npt.NDArray[Any]

MASK_COEFFICIENTS = 32


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the dry run: float32, or integers."""

    name: str
    values: Array

    @property
    def is_float(self) -> bool:
        """Whether its values are floats."""
        return bool(self.values.dtype == np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its values in the dry run."""
        return self.values.shape


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a model declares, what its metadata and its sidecar say, and its outputs for a frame with structure.

    `canvas` is height and width of its image input in pixels, `size_input` its input for a size, `label_count` the
    number of labels that are known.
    """

    inputs: Sequence[TensorSpec]
    outputs: Sequence[Output]
    canvas: Size
    size_input: TensorSpec | None = None
    metadata: Metadata = field(default_factory=Metadata)
    sidecar: Sidecar = field(default_factory=Sidecar)
    label_count: int | None = None

    def only_output(self, rank: int) -> Output | None:
        """The output, where it is the only one, of floats, and of this rank with a batch of 1."""
        if len(self.outputs) != 1:
            return None
        return self.outputs[0] if _is_batch_of_floats(self.outputs[0], rank) else None

    def boxes_with_extra(self) -> tuple[Output | None, int, str]:
        """The output of rank 3 with boxes, how many values of each box to ignore, and what these are.

        32 mask coefficients have the masks [1, 32, height, width] as a second output; keypoints are in the metadata.
        """
        if len(self.outputs) == 2:
            boxes, masks = sorted(self.outputs, key=lambda output: len(output.shape))
            if _is_batch_of_floats(boxes, 3) and masks.shape[:2] == (1, MASK_COEFFICIENTS) and len(masks.shape) == 4:
                return boxes, MASK_COEFFICIENTS, "masks"
            return None, 0, ""
        extra = self.metadata.keypoint_values
        return self.only_output(rank=3), extra, "keypoints" if extra else ""


def _is_batch_of_floats(output: Output, rank: int) -> bool:
    return output.is_float and len(output.shape) == rank and output.shape[0] == 1
