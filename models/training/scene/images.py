"""Reading images from files."""

import os
from pathlib import Path
from typing import Any, TypeAlias

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"  # read by OpenCV at import

import cv2
import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]  # height × width × 3, BGR
Ids: TypeAlias = npt.NDArray[np.uint16]  # height × width: the number of the road user, 0 for none


def read_image(path: Path) -> Image:
    """Read an 8-bit image. Raises FileNotFoundError when the file cannot be read."""
    return np.asarray(_read(path, cv2.IMREAD_COLOR), np.uint8)


def read_ids(path: Path) -> Ids:
    """Read road user numbers from a 16-bit PNG or the first channel of an OpenEXR file. Raises like `read_image`."""
    numbers = _read(path, cv2.IMREAD_UNCHANGED)
    return np.asarray(np.rint(numbers if numbers.ndim == 2 else numbers[:, :, 0]), np.uint16)


def _read(path: Path, flags: int) -> npt.NDArray[Any]:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise FileNotFoundError(f"cannot read an image from {path}")
    return np.asarray(image)
