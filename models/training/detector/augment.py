"""Augmentation: training pictures cropped, scaled, recoloured and put together into the squares a network sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .data import IGNORED, Boxes, Image, Kinds, Picture

PADDING = 128  # grey, as the app's letterbox has it
MIN_SIDE = 5.0  # px: nobody could say what is smaller
MIN_VISIBLE = 0.35  # of a box that a crop cuts; what shows less is ignored
MOSAIC = 0.6  # share of squares made of four pictures
FULL_SIDE = 416  # px: what the network is given by the app. A smaller square is a part of that, not a smaller whole
AIMED = 0.7  # share of parts that are cut so that a box lies in them

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Square:
    """What a network is shown: side × side × 3 BGR, boxes in pixels, and a map of where some boxes may be missing."""

    image: Image
    boxes: Boxes
    kinds: Kinds
    partial: npt.NDArray[np.bool_]  # side × side


def square(pictures: Sequence[Picture], shares: npt.NDArray[np.float64], side: int, random: Random) -> Square:
    """A random square: one picture, or a mosaic of four, drawn with the probabilities `shares`."""
    image: Image = np.full((side, side, 3), PADDING, np.uint8)
    partial = np.zeros((side, side), np.bool_)
    mosaic = random.random() < MOSAIC
    x, y = (random.uniform(0.3, 0.7, 2) * side).astype(int).tolist() if mosaic else (side, side)
    areas = [(0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)]
    boxes, kinds = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.int64)]
    for area in areas[: 4 if mosaic else 1]:
        picture = pictures[random.choice(len(pictures), p=shares)]
        # Small pictures in a mosaic are where most small vehicles come from.
        zoom = np.exp(random.uniform(*np.log((0.4, 1.5) if mosaic else (0.7, 2.0))))
        left, top, right, bottom = area
        into = (slice(top, bottom), slice(left, right))
        placed, of = lay(picture, image[into], zoom * FULL_SIDE, random)
        boxes.append(placed + np.array((left, top, left, top), np.float32))
        kinds.append(of)
        partial[into] = picture.partial
    return Square(worn(image, random), np.concatenate(boxes), np.concatenate(kinds), partial)


def lay(picture: Picture, canvas: Image, length: float, random: Random) -> tuple[Boxes, Kinds]:
    """Put a random part of a picture on a canvas, its longer side `length` pixels; its boxes there, and their kinds."""
    height, width = picture.image.shape[:2]
    scale = length / max(height, width) * np.exp(random.normal(0, 0.08, 2) * (1, -1))
    size = np.array((width, height)) * scale
    room = np.array((canvas.shape[1], canvas.shape[0]))
    offset = random.uniform(np.minimum(0, room - size), np.maximum(0, room - size))
    if len(picture.boxes) and random.random() < AIMED:
        kind = random.choice(np.unique(picture.kinds))  # first the class, so that rare ones are seen as often
        x1, y1, x2, y2 = random.choice(picture.boxes[picture.kinds == kind])
        centred = random.uniform(0.2, 0.8, 2) * room - np.array((x1 + x2, y1 + y2)) / 2 * scale
        offset = np.clip(centred, np.minimum(0, room - size), np.maximum(0, room - size))
    low, high = np.maximum(offset, 0).astype(int), np.minimum(np.ceil(offset + size), room).astype(int)
    source_low = np.maximum((low - offset) / scale, 0).astype(int)
    source_high = np.maximum(np.ceil((high - offset) / scale).astype(int), source_low + 1)
    part = picture.image[source_low[1] : source_high[1], source_low[0] : source_high[0]]
    # Cameras differ in how they shrink a picture, and so do the frames that the app is given.
    how = cv2.INTER_AREA if random.random() < 0.5 else cv2.INTER_LINEAR
    resized = cv2.resize(part, tuple((high - low).tolist()), interpolation=how)
    part = recoloured(np.asarray(resized, np.uint8), random)

    boxes = picture.boxes * np.tile(scale, 2) + np.tile(offset, 2)
    cut = np.clip(boxes, np.tile(low, 2), np.tile(high, 2))
    if random.random() < 0.5:
        part = part[:, ::-1]
        cut[:, [0, 2]] = low[0] + high[0] - cut[:, [2, 0]]
    canvas[low[1] : high[1], low[0] : high[0]] = part

    sides, whole = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    there = (sides > 1).all(axis=1)
    vague = (sides.prod(axis=1) < MIN_VISIBLE * whole.prod(axis=1)) | (sides.max(axis=1) < MIN_SIDE)
    kinds = np.where(vague, IGNORED, picture.kinds)
    return cut[there].astype(np.float32), kinds[there]


def recoloured(image: Image, random: Random) -> Image:
    """Another hue, saturation and brightness; now and then no colour at all, as of a camera at night."""
    hue, saturation, brightness = random.uniform(-1, 1, 3) * (5, 0.6, 0.45)
    values = np.arange(256)
    tables = (
        (values + hue) % 180,
        np.clip(values * (0 if random.random() < 0.05 else 1 + saturation), 0, 255),
        255 * (values / 255) ** np.exp(-brightness),
    )
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), np.stack(tables, axis=1).astype(np.uint8)[None])
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


def worn(image: Image, random: Random) -> Image:
    """The picture as a cheap camera or a slow network gives it, now and then: blurred, or compressed hard."""
    chance = random.random()
    if chance < 0.1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 1.5)), np.uint8)
    if chance < 0.2:
        _, encoded = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 70))))
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return image
