"""Inputs: which of a model's inputs takes the frame, in which type and size, and which takes a size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.detection.metadata import Metadata
from common.detection.preprocessing.placement import Size
from common.detection.sidecar import Sidecar
from common.detection.tensors import TensorSpec, listed
from common.errors import ModelError

# The side of the canvas where the model leaves it open and nothing states it: Tiny YOLOv3 and the small YOLOX were
# trained at it.
DEFAULT_SIDE = 416
MAX_SIDE = 4096  # a larger canvas is a mistake, and may not fit the memory
TYPES: dict[str, type[np.generic]] = {"float": np.float32, "float16": np.float16, "uint8": np.uint8}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input for the frame, and the one for a size, which few models have.

    `canvas` is height and width in pixels.
    """

    image: TensorSpec
    size: TensorSpec | None
    canvas: Size

    @property
    def dtype(self) -> type[np.generic]:
        """The type of the image in NumPy."""
        return TYPES[self.image.type]

    @property
    def is_batch(self) -> bool:
        """Whether the image has a batch dimension."""
        return len(self.image.shape) == 4


def find_inputs(specs: Sequence[TensorSpec], asked: Size | None, sidecar: Sidecar, metadata: Metadata) -> Inputs:
    """Return the inputs of a model. `asked` is the canvas that the user requested. Raises ModelError."""
    images = [spec for spec in specs if len(spec.shape) in (3, 4)]
    sizes = [spec for spec in specs if spec.fits(("float", "int64"), (1, 2))]
    if len(images) != 1 or len(images) + len(sizes) != len(specs) or len(sizes) > 1:
        raise ModelError(f"inputs {listed(specs)}: expected a frame [1, 3, height, width], and a size [1, 2] at most")
    image = images[0]
    if image.type not in TYPES:
        raise ModelError(f"input {image}: frames are given as {', '.join(TYPES)}; export it with one of these")
    batch, channels, *_ = (1, *image.shape)[-4:]
    if channels not in (3, None):
        advice = "export it with channels first" if image.shape[-1] == 3 else "only colour frames are given"
        raise ModelError(f"input {image}: expected 3 channels before height and width; {advice}")
    if batch not in (1, None):
        raise ModelError(f"input {image}: it takes {batch} frames at once; export it with a batch of 1")
    canvas = _canvas(image, asked, sidecar, metadata)
    if max(canvas) > MAX_SIDE:
        raise ModelError(f"input {image}: {canvas[0]} × {canvas[1]} pixels exceed {MAX_SIDE} × {MAX_SIDE}")
    return Inputs(image, sizes[0] if sizes else None, canvas)


def _canvas(image: TensorSpec, asked: Size | None, sidecar: Sidecar, metadata: Metadata) -> Size:
    """Return height and width of the canvas, as requested, stated or fixed. Raises ModelError if these differ."""
    if asked and sidecar.size and asked != sidecar.size:
        raise ModelError(
            f"input size {_text(asked)} was requested, but the .toml file beside it states {_text(sidecar.size)}"
        )
    wanted = asked or sidecar.size
    fixed = image.shape[-2:]
    if wanted and any(side not in (None, want) for side, want in zip(fixed, wanted, strict=True)):
        raise ModelError(f"input {image}: its size is fixed, and is not {_text(wanted)}")
    default = wanted or metadata.input_size or (DEFAULT_SIDE, DEFAULT_SIDE)
    return fixed[0] or default[0], fixed[1] or default[1]


def _text(size: Size) -> str:
    return f"{size[0]} × {size[1]}"
