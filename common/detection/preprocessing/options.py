"""Preprocessing options: how a model expects a frame to be placed, ordered and normalised."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Levels: TypeAlias = tuple[float, float, float]
"""A value for each of three channels, in levels of 0 to 255."""


# Mean and standard deviation of ImageNet's training images, as fractions of 255 (torchvision.transforms.Normalize).
IMAGENET_MEAN: Levels = (0.485 * 255, 0.456 * 255, 0.406 * 255)
IMAGENET_STD: Levels = (0.229 * 255, 0.224 * 255, 0.225 * 255)
NO_MEAN: Levels = (0.0, 0.0, 0.0)
UNIT: Levels = (255.0, 255.0, 255.0)  # as std: the input is 0 to 1
UNSCALED: Levels = (1.0, 1.0, 1.0)  # as std: the input is 0 to 255


class Fit(StrEnum):
    """How a frame is fitted onto the canvas of a model."""

    LETTERBOX = "letterbox"  # aspect kept, padding on both sides
    CORNER = "letterbox-corner"  # aspect kept, frame at the top left
    STRETCH = "stretch"  # aspect not kept, no padding


class Channels(StrEnum):
    """The order of the colour channels."""

    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """A level v of 0 to 255 becomes (v - mean) / std, both in the order of `channels`.

    `padding` is the level around the frame. With `antialias` a frame is reduced as by Pillow's bilinear filter, else by
    linear interpolation of the four nearest pixels.
    """

    fit: Fit = Fit.LETTERBOX
    channels: Channels = Channels.RGB
    mean: Levels = NO_MEAN
    std: Levels = UNIT
    padding: int = 114
    antialias: bool = False

    def __str__(self) -> str:
        normalisations = {
            (NO_MEAN, UNIT): "0 to 1",
            (NO_MEAN, UNSCALED): "0 to 255",
            (IMAGENET_MEAN, IMAGENET_STD): "ImageNet's mean and deviation",
        }
        mean, std = (", ".join(f"{level:.5g}" for level in levels) for levels in (self.mean, self.std))
        normalisation = normalisations.get((self.mean, self.std), f"mean {mean}, deviation {std}")
        return f"{self.fit}{', antialiased' if self.antialias else ''}, {self.channels.upper()}, {normalisation}"
