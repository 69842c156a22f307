"""Plane geometry of lines and polygons, in fractions of the frame."""

from collections.abc import Sequence
from math import hypot
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Segment: TypeAlias = tuple[Point, Point]


def signed_distance(point: Point, start: Point, end: Point) -> float:
    """Distance of a point from the infinite line through `start` and `end`; positive on its right as seen on the page.

    The y axis points down, so the right side of a line from left to right is below it.
    """
    return _side(point, start, end) / hypot(end[0] - start[0], end[1] - start[1])


def segments_cross(first: Segment, second: Segment) -> bool:
    """Whether each of two segments has one end on either side of the other: touching is not crossing."""

    def divides(segment: Segment, other: Segment) -> bool:
        return _side(other[0], *segment) * _side(other[1], *segment) < 0

    return divides(first, second) and divides(second, first)


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Whether a polygon contains a point, by the even-odd rule."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in _edges(polygon):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def distance_to_edge(polygon: Sequence[Point], point: Point) -> float:
    """Distance of a point from the nearest edge of a polygon."""
    return min(_distance_to_segment(point, start, end) for start, end in _edges(polygon))


def crosses_itself(polygon: Sequence[Point]) -> bool:
    """Whether two edges of a polygon cross."""
    edges = _edges(polygon)
    return any(segments_cross(first, second) for index, first in enumerate(edges) for second in edges[index + 1 :])


def _edges(polygon: Sequence[Point]) -> list[Segment]:
    return list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def _side(point: Point, start: Point, end: Point) -> float:
    """Positive for a point on the right of the line from `start` to `end`, negative on its left, 0 on it."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _distance_to_segment(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    squared = dx * dx + dy * dy
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / squared if squared else 0.0
    along = min(1.0, max(0.0, along))
    nearest = start[0] + along * dx, start[1] + along * dy
    return hypot(point[0] - nearest[0], point[1] - nearest[1])
