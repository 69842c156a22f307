"""Augmentation: crop, scale, recolour and combine training images into the squares that the network is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .data import IGNORED, Boxes, Image, Kinds, LabelledImage

PADDING = 128  # grey of the app's letterbox
MIN_SIDE = 5.0  # px; smaller objects are ignored
MIN_VISIBLE = 0.35  # of the area of a cropped box; below, it is ignored
MOSAIC = 0.6  # share of squares made of four images
FULL_SIDE = 416  # px: the input size in the app. A smaller square is a crop at that scale, not a smaller image
AIMED = 0.7  # share of crops that are placed around a box

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Square:
    """A training sample: side × side × 3 BGR, boxes in pixels, and in each the classes whose boxes may be missing."""

    image: Image
    boxes: Boxes
    kinds: Kinds
    unlabelled: npt.NDArray[np.uint8]  # side × side, bits


def square(images: Sequence[LabelledImage], shares: npt.NDArray[np.float64], side: int, random: Random) -> Square:
    """Return a random square of one image or a mosaic of four, drawn with the probabilities `shares`."""
    canvas: Image = np.full((side, side, 3), PADDING, np.uint8)
    unlabelled = np.zeros((side, side), np.uint8)
    mosaic = random.random() < MOSAIC
    x, y = (random.uniform(0.3, 0.7, 2) * side).astype(int).tolist() if mosaic else (side, side)
    areas = [(0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)]
    boxes, kinds = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.int64)]
    for area in areas[: 4 if mosaic else 1]:
        image = images[random.choice(len(images), p=shares)]
        # Most small vehicles are in the small images of a mosaic.
        zoom = np.exp(random.uniform(*np.log((0.4, 1.5) if mosaic else (0.7, 2.0))))
        left, top, right, bottom = area
        into = (slice(top, bottom), slice(left, right))
        placed, of = place(image, canvas[into], zoom * FULL_SIDE, random)
        boxes.append(placed + np.array((left, top, left, top), np.float32))
        kinds.append(of)
        unlabelled[into] = image.unlabelled
    return Square(degraded(canvas, random), np.concatenate(boxes), np.concatenate(kinds), unlabelled)


def place(image: LabelledImage, canvas: Image, length: float, random: Random) -> tuple[Boxes, Kinds]:
    """Draw a random crop of an image, scaled to `length` pixels on its longer side, and return its boxes and kinds."""
    height, width = image.image.shape[:2]
    scale = length / max(height, width) * np.exp(random.normal(0, 0.08, 2) * (1, -1))
    size = np.array((width, height)) * scale
    room = np.array((canvas.shape[1], canvas.shape[0]))
    offset = random.uniform(np.minimum(0, room - size), np.maximum(0, room - size))
    if len(image.boxes) and random.random() < AIMED:
        kind = random.choice(np.unique(image.kinds))  # first the class, so that rare classes are as frequent
        x1, y1, x2, y2 = random.choice(image.boxes[image.kinds == kind])
        centred = random.uniform(0.2, 0.8, 2) * room - np.array((x1 + x2, y1 + y2)) / 2 * scale
        offset = np.clip(centred, np.minimum(0, room - size), np.maximum(0, room - size))
    low, high = np.maximum(offset, 0).astype(int), np.minimum(np.ceil(offset + size), room).astype(int)
    source_low = np.maximum((low - offset) / scale, 0).astype(int)
    source_high = np.maximum(np.ceil((high - offset) / scale).astype(int), source_low + 1)
    part = image.image[source_low[1] : source_high[1], source_low[0] : source_high[0]]
    # Cameras scale frames with different filters.
    how = cv2.INTER_AREA if random.random() < 0.5 else cv2.INTER_LINEAR
    resized = cv2.resize(part, tuple((high - low).tolist()), interpolation=how)
    part = recoloured(np.asarray(resized, np.uint8), random)

    boxes = image.boxes * np.tile(scale, 2) + np.tile(offset, 2)
    cut = np.clip(boxes, np.tile(low, 2), np.tile(high, 2))
    if random.random() < 0.5:
        part = part[:, ::-1]
        cut[:, [0, 2]] = low[0] + high[0] - cut[:, [2, 0]]
    canvas[low[1] : high[1], low[0] : high[0]] = part

    sides, whole = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    there = (sides > 1).all(axis=1)
    vague = (sides.prod(axis=1) < MIN_VISIBLE * whole.prod(axis=1)) | (sides.max(axis=1) < MIN_SIDE)
    kinds = np.where(vague, IGNORED, image.kinds)
    return cut[there].astype(np.float32), kinds[there]


def recoloured(image: Image, random: Random) -> Image:
    """Change hue, saturation and brightness at random; sometimes remove all colour, like a camera at night."""
    hue, saturation, brightness = random.uniform(-1, 1, 3) * (5, 0.6, 0.45)
    values = np.arange(256)
    tables = (
        (values + hue) % 180,
        np.clip(values * (0 if random.random() < 0.05 else 1 + saturation), 0, 255),
        255 * (values / 255) ** np.exp(-brightness),
    )
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), np.stack(tables, axis=1).astype(np.uint8)[None])
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def degraded(image: Image, random: Random) -> Image:
    """Sometimes blur the image or compress it strongly, like a cheap camera or a slow network."""
    chance = random.random()
    if chance < 0.1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 1.5)), np.uint8)
    if chance < 0.2:
        _, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 70))))
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return image
