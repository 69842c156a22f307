"""The dry run: one inference on a synthetic frame, whose outputs settle what a model declares and does not.

It also warms the session up: the first run allocates, and is several times slower than the next.
"""

from typing import Any

import numpy as np

from common.detection.formats.evidence import Output
from common.detection.formats.inputs import Inputs
from common.detection.preprocessing.canvas import Canvas
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Size
from common.detection.session import Session
from common.detection.tensors import TensorSpec, as_float32
from common.errors import ModelError
from common.frames import Image

RECTANGLES = 40


def dry_run(session: Session, inputs: Inputs) -> list[Output]:
    """The outputs for a frame with structure: a model with NMS inside gives nothing but 0 for a blank one.

    Raises ModelError when the model fails, gives NaN or infinity, or outputs of another size than it declares.
    """
    canvas = Canvas(inputs.canvas, inputs.dtype, Preprocessing(Fit.STRETCH))
    canvas.place(structured_frame(inputs.canvas))
    feed: dict[str, Any] = {inputs.image.name: canvas.pixels[None] if inputs.is_batch else canvas.pixels}
    if inputs.size:
        height_width = np.array([inputs.canvas])
        is_float = inputs.size.type == "float"
        feed[inputs.size.name] = height_width.astype(np.float32) if is_float else height_width[:, ::-1].astype(np.int64)
    outputs = as_float32(session.run([output.name for output in session.outputs], feed))
    for declared, values in zip(session.outputs, outputs, strict=True):
        _check(declared, values)
    return [Output(declared.name, values) for declared, values in zip(session.outputs, outputs, strict=True)]


def structured_frame(size: Size) -> Image:
    """Filled rectangles of many sizes and colours over a gradient with noise, the same in every run (BGR)."""
    height, width = size
    random = np.random.default_rng(1)
    levels = np.linspace(40, 200, width)[None, :, None].repeat(height, axis=0).repeat(3, axis=2)
    for _ in range(RECTANGLES):
        top, left = random.uniform(0, 0.9, 2) * size
        rows, columns = random.uniform(0.02, 0.4, 2) * size
        levels[int(top) : int(top + rows), int(left) : int(left + columns)] = random.integers(0, 240, 3)
    return (levels + random.integers(0, 16, levels.shape)).astype(np.uint8)


def _check(declared: TensorSpec, values: Any) -> None:
    """Raise ModelError for an output that is not numbers, not finite, or not as declared."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        raise ModelError(f"output {declared} is not a tensor of numbers")
    matches = len(values.shape) == len(declared.shape) and all(
        want in (None, size) for want, size in zip(declared.shape, values.shape, strict=True)
    )
    if not matches:
        raise ModelError(f"output {declared} has another size in a run: {list(values.shape)}")
    if not np.isfinite(values).all():
        raise ModelError(f"output {declared} holds NaN or infinity in a run on a synthetic frame")
