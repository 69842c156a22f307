"""Placement: where a frame is on the canvas of a model, and the way back from boxes on the canvas."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from common.detection.boxes import Floats
from common.detection.preprocessing.options import Fit

Size: TypeAlias = tuple[int, int]
"""Height and width in pixels."""

# 416 × (432 / 416) may evaluate to 431.9999…, which int() truncates to 431.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Placement:
    """A frame at (left, top) on the canvas, resized to rows × columns pixels; around it is padding.

    A box at the right edge of the frame ends at left + width, one at its bottom at top + height. Both are fractional
    where the reference implementation of a fit rounds the pixels but not the scale.
    """

    frame: Size
    canvas: Size
    left: int
    top: int
    rows: int
    columns: int
    width: float
    height: float

    @classmethod
    def fit(cls, frame: Size, canvas: Size, fit: Fit) -> "Placement":
        """The placement of `frame` on `canvas`."""
        if fit is Fit.STRETCH:
            return cls(frame, canvas, 0, 0, *canvas, width=canvas[1], height=canvas[0])
        scale = min(canvas[0] / frame[0], canvas[1] / frame[1])
        height, width = frame[0] * scale, frame[1] * scale
        if fit is Fit.CORNER:  # as YOLOX's `preproc` does: the pixels are truncated, boxes are divided by the scale
            rows, columns = (max(1, int(side + ROUNDING)) for side in (height, width))
            return cls(frame, canvas, 0, 0, rows, columns, width, height)
        # A frame a thousand times wider than high is still a pixel high.
        rows, columns = (max(1, round(side)) for side in (height, width))
        left, top = (canvas[1] - columns) // 2, (canvas[0] - rows) // 2
        return cls(frame, canvas, left, top, rows, columns, columns, rows)

    def to_fractions(self, boxes: Floats) -> Floats:
        """Boxes (n × 4: x1, y1, x2, y2 in pixels of the canvas) as fractions of the frame, clipped to it."""
        corner = np.array((self.left, self.top, self.left, self.top), np.float32)
        size = np.array((self.width, self.height, self.width, self.height), np.float32)
        fractions: Floats = np.clip((boxes - corner) / size, 0, 1)
        return fractions

    def to_pixels(self, boxes: Floats) -> Floats:
        """Boxes (n × 4) as fractions of the canvas, in pixels of the canvas."""
        height, width = self.canvas
        pixels: Floats = boxes * np.array((width, height, width, height), np.float32)
        return pixels
