"""Training and validation images with boxes, read from folders of JPEGs and YOLO label files."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]  # height × width × 3, BGR
Boxes: TypeAlias = npt.NDArray[np.float32]  # n × 4: x1, y1, x2, y2 in pixels
Kinds: TypeAlias = npt.NDArray[np.int64]  # n: an index into CLASSES, ANY or IGNORED

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
ANY = -1  # a vehicle of unknown class: part of the box and objectness loss, not of the class loss
ALL = 2 ** len(CLASSES) - 1  # a bit for each class
IGNORED = -2  # an uncertain region: neither object nor background

# Relative sampling frequency by source, which is the prefix of the file name. Fixed views from poles and bridges, which
# the app is made for, are few; close street images are many.
WEIGHTS = {
    "bd": 1.0,
    "hwy": 0.7,
    "voi": 0.7,
    "ner": 1.0,
    "man": 2.5,
    "atl": 3.0,
    "views": 2.5,
    "scene": 5.0,
    "cco": 4.0,
    "wrk": 2.0,
    "ofc": 1.5,
    "rtc": 2.5,
    "crs": 1.5,
    "hwn": 1.5,
    "dwy": 2.0,
}
INCOMPLETE = {"rtc", "crs", "hwn"}  # sources in which distant and cut objects of any class may have no box


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image with its boxes. `unlabelled`: a bit for each class of which some objects may have no box."""

    name: str
    source: str
    image: Image
    boxes: Boxes
    kinds: Kinds
    unlabelled: int = 0


def road_users(folder: Path) -> list[LabelledImage]:
    """Return the training images of road_users, with completed labels, or of road_users2, with the published ones."""
    held_out, unlabelled = _held_out(folder), _unlabelled(folder)
    paths = [path for path in sorted((folder / "images").glob("*.jpg")) if path.name not in held_out]
    completed = folder / "labels_completed"
    images = _read(paths, completed if completed.exists() else folder / "labels")
    return [replace(image, unlabelled=unlabelled[image.source]) for image in images]


def road_users_validation(folder: Path) -> list[LabelledImage]:
    """Return the validation images of road_users, with the published labels."""
    return list(_read([folder / "images" / name for name in sorted(_held_out(folder))], folder / "labels"))


def _unlabelled(folder: Path) -> dict[str, int]:
    """Return, by source, a bit for each class whose boxes may be missing."""
    sources = json.loads((folder / "sources.json").read_text("utf-8"))
    return {
        name: ALL if name in INCOMPLETE else sum(1 << one for one in _missing(about)) for name, about in sources.items()
    }


def _missing(about: dict[str, Any]) -> set[int]:
    return set(about.get("unlabelled", set(range(len(CLASSES))) - set(about["labelled"])))


def _held_out(folder: Path) -> set[str]:
    return set((folder / "val.txt").read_text("utf-8").split())


def highway_views(folder: Path) -> list[LabelledImage]:
    """Return the views from bridges. Their single class is any vehicle; distant vehicles often have no box."""
    return [
        LabelledImage(
            each.name,
            "views",
            each.image,
            each.boxes,
            np.where(each.kinds == IGNORED, IGNORED, ANY),
            unlabelled=ALL,
        )
        for each in _read(sorted((folder / "images").glob("*.jpg")), folder / "labels")
    ]


def rendered(folder: Path) -> list[LabelledImage]:
    """Return the images that models.training.scene rendered, in which every object has a box."""
    return list(_read(sorted((folder / "images").glob("*.jpg")), folder / "labels"))


def _read(images: Sequence[Path], labels: Path) -> Iterator[LabelledImage]:
    ignored = labels.parent / "ignore"

    def read(path: Path) -> LabelledImage:
        image = cv2.imread(str(path))
        if image is None:
            raise FileNotFoundError(f"cannot read an image from {path}")
        text = path.with_suffix(".txt").name
        objects, vague = _rows(labels / text, 5), _rows(ignored / text, 4)
        kinds = np.concatenate((objects[:, 0].astype(np.int64), np.full(len(vague), IGNORED)))
        boxes = _corners(np.concatenate((objects[:, 1:], vague)), image.shape[1], image.shape[0])
        return LabelledImage(path.name, path.name.split("_")[0], np.asarray(image, np.uint8), boxes, kinds)

    with ThreadPoolExecutor() as pool:
        yield from pool.map(read, images)


def _rows(path: Path, columns: int) -> npt.NDArray[np.float32]:
    """Return the rows of a label file; no rows without a file."""
    text = path.read_text("utf-8") if path.exists() else ""
    return np.array([line.split()[:columns] for line in text.splitlines() if line.strip()], np.float32).reshape(
        -1, columns
    )


def _corners(boxes: npt.NDArray[np.float32], width: int, height: int) -> Boxes:
    """Convert boxes from centre and size as fractions to corners in pixels."""
    half = boxes[:, 2:] / 2
    corners = np.concatenate((boxes[:, :2] - half, boxes[:, :2] + half), axis=1)
    return np.asarray(corners * (width, height, width, height), np.float32)
