"""Training and validation pictures with their boxes, from folders of JPEGs and YOLO text files."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]  # height × width × 3, BGR
Boxes: TypeAlias = npt.NDArray[np.float32]  # n × 4: x1, y1, x2, y2 in pixels
Kinds: TypeAlias = npt.NDArray[np.int64]  # n: a class, or one of the two below

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
CAR = CLASSES.index("car")
ANY = -1  # a vehicle of unknown class: box and objectness count, its class does not
IGNORED = -2  # something is there, but what is uncertain: neither object nor background

# How often a picture is drawn, by the prefix that names its source. Fixed views from a pole or a bridge are what the
# app is for, and there are few of them; close street stills and photos there are many of.
WEIGHTS = {"bd": 1.0, "hwy": 0.7, "voi": 0.7, "ner": 1.0, "man": 2.5, "atl": 3.0, "views": 2.5, "scene": 4.0}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its boxes. `partial` says that some objects in it carry no box."""

    name: str
    source: str
    image: Image
    boxes: Boxes
    kinds: Kinds
    partial: bool = False


def road_users(folder: Path) -> list[Picture]:
    """The pictures of road_users to train on, with completed labels."""
    held_out = _held_out(folder)
    paths = [path for path in sorted((folder / "images").glob("*.jpg")) if path.name not in held_out]
    return list(_read(paths, folder / "labels_completed"))


def road_users_validation(folder: Path) -> list[Picture]:
    """The pictures of road_users kept for validation, with the labels as published."""
    return list(_read([folder / "images" / name for name in sorted(_held_out(folder))], folder / "labels"))


def _held_out(folder: Path) -> set[str]:
    return set((folder / "val.txt").read_text("utf-8").split())


def highway_views(folder: Path) -> list[Picture]:
    """Views from bridges, whose one class means any vehicle and whose far vehicles often carry no box."""
    return [
        Picture(
            picture.name,
            "views",
            picture.image,
            picture.boxes,
            np.where(picture.kinds == IGNORED, IGNORED, ANY),
            partial=True,
        )
        for picture in _read(sorted((folder / "images").glob("*.jpg")), folder / "labels")
    ]


def rendered(folder: Path) -> list[Picture]:
    """Pictures that models.training.scene wrote; all that is in them carries a box."""
    return list(_read(sorted((folder / "images").glob("*.jpg")), folder / "labels"))


def _read(images: Sequence[Path], labels: Path) -> Iterator[Picture]:
    ignored = labels.parent / "ignore"

    def read(path: Path) -> Picture:
        image = cv2.imread(str(path))
        if image is None:
            raise FileNotFoundError(f"no picture can be read from {path}")
        text = path.with_suffix(".txt").name
        objects, vague = _rows(labels / text, 5), _rows(ignored / text, 4)
        kinds = np.concatenate((objects[:, 0].astype(np.int64), np.full(len(vague), IGNORED)))
        boxes = _corners(np.concatenate((objects[:, 1:], vague)), image.shape[1], image.shape[0])
        return Picture(path.name, path.name.split("_")[0], np.asarray(image, np.uint8), boxes, kinds)

    with ThreadPoolExecutor() as pool:
        yield from pool.map(read, images)


def _rows(path: Path, columns: int) -> npt.NDArray[np.float32]:
    """The numbers of a label file; none where there is no file."""
    text = path.read_text("utf-8") if path.exists() else ""
    return np.array([line.split()[:columns] for line in text.splitlines() if line.strip()], np.float32).reshape(
        -1, columns
    )


def _corners(boxes: npt.NDArray[np.float32], width: int, height: int) -> Boxes:
    """Centre and size as fractions to corners in pixels."""
    half = boxes[:, 2:] / 2
    corners = np.concatenate((boxes[:, :2] - half, boxes[:, :2] + half), axis=1)
    return np.asarray(corners * (width, height, width, height), np.float32)
