"""Shapes that a processor draws over a frame, with coordinates as fractions of it."""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Coordinate: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Point: TypeAlias = tuple[Coordinate, Coordinate]
Caption: TypeAlias = Annotated[str, Field(max_length=100)]

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True, config=CONFIG)
class Line:
    """A polyline through `points`."""

    points: Annotated[tuple[Point, ...], Field(min_length=2, max_length=100)]
    text: Caption = ""
    type: Literal["line"] = "line"


@dataclass(frozen=True, slots=True, config=CONFIG)
class Polygon:
    """A closed polygon with these corners."""

    points: Annotated[tuple[Point, ...], Field(min_length=3, max_length=100)]
    text: Caption = ""
    type: Literal["polygon"] = "polygon"


@dataclass(frozen=True, slots=True, config=CONFIG)
class Text:
    """A text whose lower left corner is at `point`."""

    point: Point
    text: Caption
    type: Literal["text"] = "text"


Shape: TypeAlias = Annotated[Line | Polygon | Text, Field(discriminator="type")]
