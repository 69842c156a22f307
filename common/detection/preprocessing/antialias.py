"""Antialiased resizing: Pillow's bilinear filter, which models trained with PIL or torchvision expect.

Each output pixel is a mean of the input pixels below a triangle whose half width is the scale
(Pillow, src/libImaging/Resample.c). OpenCV has no such filter: INTER_LINEAR skips pixels when it reduces, and
INTER_AREA weighs them by a box.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from common.detection.boxes import Floats
from common.frames import Image

Rows: TypeAlias = npt.NDArray[np.uint8]


class AntialiasedResize:
    """Resizes frames of one size to another, first horizontally, then vertically. Holds its buffers."""

    def __init__(self, frame: tuple[int, int], rows: int, columns: int) -> None:
        """`frame` is height and width in pixels."""
        self._horizontal = _Pass.between(frame[1], columns, 3 * frame[0])
        self._vertical = _Pass.between(frame[0], rows, 3 * columns)

    def __call__(self, image: Image) -> Image:
        """The resized frame."""
        height, width = image.shape[:2]
        transposed = np.asarray(cv2.transpose(image), np.uint8).reshape(width, -1)
        reduced = self._horizontal.apply(transposed).reshape(-1, height, 3)
        upright = np.asarray(cv2.transpose(reduced), np.uint8).reshape(height, -1)
        return self._vertical.apply(upright).reshape(-1, len(reduced), 3)


@dataclass(frozen=True, slots=True)
class _Pass:
    """Weighted sums of rows: output row i is the sum over t of weights[i, t] × input row indices[i, t]."""

    indices: npt.NDArray[np.intp]
    weights: Floats
    taken: Rows
    product: Floats
    total: Floats

    @classmethod
    def between(cls, size: int, new_size: int, row_length: int) -> "_Pass":
        """The pass from `size` to `new_size` rows of `row_length` values."""
        scale = size / new_size
        half_width = max(scale, 1.0)
        centres = (np.arange(new_size) + 0.5) * scale
        first = np.maximum((centres - half_width + 0.5).astype(np.intp), 0)
        end = np.minimum((centres + half_width + 0.5).astype(np.intp), size)
        indices = first[:, None] + np.arange((end - first).max())
        weights = np.maximum(1 - np.abs(indices - centres[:, None] + 0.5) / half_width, 0) * (indices < end[:, None])
        weights /= weights.sum(axis=1, keepdims=True)
        shape = new_size, row_length
        return cls(
            np.minimum(indices, size - 1),
            weights.astype(np.float32),
            np.empty(shape, np.uint8),
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
        )

    def apply(self, rows: Rows) -> Rows:
        """The output rows, rounded to whole levels."""
        self.total.fill(0)
        for indices, weights in zip(self.indices.T, self.weights.T, strict=True):
            np.take(rows, indices, axis=0, out=self.taken, mode="clip")  # "raise" would buffer the output
            np.multiply(self.taken, weights[:, None], out=self.product)
            np.add(self.total, self.product, out=self.total)
        return np.asarray(cv2.convertScaleAbs(self.total, self.taken), np.uint8)
