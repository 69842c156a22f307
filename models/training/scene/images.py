"""Images on disk: read whole, or refused by name."""

import os
from pathlib import Path
from typing import Any, TypeAlias

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # OpenCV reads it when it is loaded

import cv2
import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]  # height × width × 3, BGR
Ids: TypeAlias = npt.NDArray[np.uint16]  # height × width: the number of who is seen, 0 for nobody


def read_picture(path: Path) -> Picture:
    """A picture in 8 bits. Raises FileNotFoundError where there is none that can be read."""
    return np.asarray(_read(path, cv2.IMREAD_COLOR), np.uint8)


def read_ids(path: Path) -> Ids:
    """Who is seen where, from a 16-bit PNG or the first channel of an OpenEXR. Raises as `read_picture`."""
    numbers = _read(path, cv2.IMREAD_UNCHANGED)
    return np.asarray(np.rint(numbers if numbers.ndim == 2 else numbers[:, :, 0]), np.uint16)


def _read(path: Path, flags: int) -> npt.NDArray[Any]:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise FileNotFoundError(f"no image can be read from {path}")
    return np.asarray(image)
