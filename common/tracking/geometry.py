"""Plane geometry for lines and zones, in fractions of the frame."""

from collections.abc import Sequence
from math import hypot
from typing import NamedTuple, TypeAlias

Point: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]


class TrackedBox(NamedTuple):
    """A detection that belongs to a track; `box` is x1, y1, x2, y2 as fractions of the frame."""

    track_id: int
    label: str
    box: Box

    @property
    def anchor(self) -> Point:
        """The bottom centre of the box: about where the object touches the ground."""
        x1, _, x2, y2 = self.box
        return (x1 + x2) / 2, y2

    @property
    def margin(self) -> float:
        """The hysteresis at lines and zones: a tenth of the height of the box, the usual jitter of a detector."""
        return 0.1 * (self.box[3] - self.box[1])


def signed_distance(point: Point, start: Point, end: Point) -> float:
    """Distance of a point from the infinite line through `start` and `end`; positive on its right as seen on the page.

    The y axis points down, so the right side of a line from left to right is below it.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = hypot(dx, dy)
    return (dx * (point[1] - start[1]) - dy * (point[0] - start[0])) / length


def segments_cross(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Whether two segments have a point in common."""

    def sides(segment: tuple[Point, Point], points: tuple[Point, Point]) -> float:
        return signed_distance(points[0], *segment) * signed_distance(points[1], *segment)

    if first[0] == first[1] or second[0] == second[1]:
        return False
    return sides(first, second) <= 0 and sides(second, first) <= 0


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Whether a polygon contains a point, by the even-odd rule."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def distance_to_edge(polygon: Sequence[Point], point: Point) -> float:
    """Distance of a point from the nearest edge of a polygon."""
    return min(
        _distance_to_segment(point, start, end) for start, end in zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    )


def crosses_itself(polygon: Sequence[Point]) -> bool:
    """Whether two edges of a polygon that are not neighbours have a point in common."""
    edges = list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))
    return any(
        segments_cross(edges[first], edges[second])
        for first in range(len(edges))
        for second in range(first + 2, len(edges))
        if (second + 1) % len(edges) != first
    )


def _distance_to_segment(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    squared = dx * dx + dy * dy
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / squared if squared else 0.0
    along = min(1.0, max(0.0, along))
    nearest = start[0] + along * dx, start[1] + along * dy
    return hypot(point[0] - nearest[0], point[1] - nearest[1])
