"""The canvas: the image input of a model, and the buffer into which each frame is placed."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from common.detection.preprocessing.antialias import AntialiasedResize
from common.detection.preprocessing.options import Channels, Preprocessing
from common.detection.preprocessing.placement import Placement, Size
from common.frames import Image


class Canvas:
    """One buffer, reused for every frame. Used from one thread.

    `pixels` is 3 × height × width in the type of the model's input, overwritten by each call of `place`.
    """

    def __init__(self, size: Size, dtype: type[np.generic], preprocessing: Preprocessing) -> None:
        """`dtype` is float32, float16, or uint8 for a model that includes the normalisation: its input is 0 to 255."""
        self.pixels: npt.NDArray[Any] = np.empty((3, *size), dtype)
        self._size = size
        self._preprocessing = preprocessing
        self._values = _values(dtype, preprocessing)
        self._order = (2, 1, 0) if preprocessing.channels is Channels.RGB else (0, 1, 2)  # frames are BGR
        self._placement: Placement | None = None
        self._resize: Callable[[Image], Image]
        self._plane = np.empty((0, 0), np.uint8)

    def place(self, image: Image) -> Placement:
        """Write `image` into `pixels`; where it is there."""
        frame = image.shape[0], image.shape[1]
        placement = self._placement
        if placement is None or placement.frame != frame:
            placement = self._placement = self._prepare(frame)
        resized = self._resize(image)
        rows = slice(placement.top, placement.top + placement.rows)
        columns = slice(placement.left, placement.left + placement.columns)
        for plane, channel, values in zip(self.pixels, self._order, self._values, strict=True):
            # A table of 256 values covers scale, mean, deviation and type in one pass over the pixels.
            cv2.LUT(cv2.extractChannel(resized, channel, self._plane), values, plane[rows, columns])
        return placement

    def _prepare(self, frame: Size) -> Placement:
        """Make the buffers for frames of this size, and fill the padding."""
        placement = Placement.fit(frame, self._size, self._preprocessing.fit)
        rows, columns = placement.rows, placement.columns
        reduced = rows < frame[0] or columns < frame[1]
        if self._preprocessing.antialias and reduced:
            self._resize = AntialiasedResize(frame, rows, columns)
        else:
            resized = np.empty((rows, columns, 3), np.uint8)
            self._resize = lambda image: np.asarray(cv2.resize(image, (columns, rows), dst=resized), np.uint8)
        self._plane = np.empty((rows, columns), np.uint8)
        for plane, values in zip(self.pixels, self._values, strict=True):
            plane.fill(values[self._preprocessing.padding])
        return placement


def _values(dtype: type[np.generic], preprocessing: Preprocessing) -> npt.NDArray[Any]:
    """What each level becomes (3 × 256), for each channel in the order of the model."""
    levels = np.arange(256, dtype=np.float32)
    if dtype is np.uint8:
        return np.tile(levels, (3, 1)).astype(np.uint8)
    mean, factor = (
        np.array(each, np.float32)[:, None] for each in (preprocessing.mean, 1 / np.array(preprocessing.std))
    )
    values: npt.NDArray[Any] = ((levels - mean) * factor).astype(dtype)
    return values
