"""Exact boxes of road users in a rendered frame, with their visible share."""

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import cv2
import numpy as np
import numpy.typing as npt

from . import camera
from .camera import View
from .images import Ids
from .renderer import Area
from .scene import Scene
from .shapes import ON_SURFACE, PIECE

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
MIN_HEIGHT = 8  # px; lower boxes are not labelled
MIN_PIXELS = 30
FINE = 400.0  # px: longer side of the canvas on which an outline is drawn
NEAREST = 2.0  # m from the camera; nearer points are not projected

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExactBox:
    """The visible part of a road user, as fractions of the frame.

    `visible` is the share (0 to 1) of its outline within the frame that is not occluded; `passage` is one of
    `Scene.passages`.
    """

    label: str
    x1: float
    y1: float
    x2: float
    y2: float
    visible: float
    passage: tuple[int, int]


def boxes(scene: Scene, ids: Ids, area: Area) -> list[ExactBox]:
    """Return the boxes of the current scene; `ids` holds the number of the road user in each pixel of `area`."""
    found = []
    counts = np.bincount(ids.ravel(), minlength=len(scene.users) + 1)
    for number in (np.flatnonzero(counts[1:] >= MIN_PIXELS) + 1).tolist():
        box = _box(scene, number - 1, ids == number, area)
        if (box.y2 - box.y1) * scene.setting.view.frame_height >= MIN_HEIGHT:
            found.append(box)
    return found


def _box(scene: Scene, index: int, mask: npt.NDArray[np.bool_], area: Area) -> ExactBox:
    view, user = scene.setting.view, scene.users[index]
    pieces = [piece for part in user.parts for piece in _pieces(scene.camera, part, view)]
    outline = np.concatenate(pieces)
    rows, columns = np.flatnonzero(mask.any(axis=1)) + area[1], np.flatnonzero(mask.any(axis=0)) + area[0]
    size = np.array((view.width, view.frame_height))
    whole = np.clip((outline.min(axis=0), outline.max(axis=0)), 0, size)
    seen = np.array(((columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)))
    # A pixel has the number of the object hit by its first ray, so a visible edge is off by one pixel at most.
    low, high = np.where(np.abs(seen - whole) < 1.5, whole, seen) / size
    visible = min(1.0, int(mask.sum()) / _area(pieces, *whole.ravel()))
    (x1, y1), (x2, y2) = low.tolist(), high.tolist()
    return ExactBox(user.label, x1, y1, x2, y2, visible, scene.passages[index])


def _pieces(from_camera: bpy.types.Object, part: bpy.types.Object, view: View) -> list[Points]:
    """Return the projected vertices of each piece of an object, in pixels of the frame."""
    mesh = part.data
    local = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", local)
    numbers = np.empty(len(mesh.vertices), np.int32)
    mesh.attributes[PIECE].data.foreach_get("value", numbers)
    matrix = np.array(part.matrix_world)
    projected = camera.project(from_camera, local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3], view)
    pixels = projected[:, :2] * (view.width, view.frame_height)
    starts = np.flatnonzero(np.diff(numbers)) + 1
    found = []
    for number, depth, piece in zip(
        numbers[np.concatenate(([0], starts))], np.split(projected[:, 2], starts), np.split(pixels, starts), strict=True
    ):
        before = depth > NEAREST
        if number != ON_SURFACE and before.any():
            found.append(piece[before])
    return found


def _area(pieces: Sequence[Points], x1: float, y1: float, x2: float, y2: float) -> float:
    """Return the number of pixels that the pieces cover between these edges."""
    # Drawn at a higher resolution, since cv2.fillConvexPoly fills every pixel that the outline touches.
    fine = max(1.0, FINE / max(x2 - x1, y2 - y1))
    canvas = np.zeros((int((y2 - y1) * fine) + 1, int((x2 - x1) * fine) + 1), np.uint8)
    for piece in pieces:
        hull = cv2.convexHull(((piece - (x1, y1)) * fine).astype(np.float32))
        cv2.fillConvexPoly(canvas, np.rint(hull).astype(np.int32), 1)
    return max(1.0, float(canvas.sum(dtype=np.int64)) / fine**2)
