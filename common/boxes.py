"""Boxes: what a detector found and where, as fractions of the frame."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detection:
    """One object. `box` is x1, y1, x2, y2 as fractions (0 to 1) of the frame; `score` is 0 to 1."""

    label: str
    score: float
    box: tuple[float, float, float, float]
