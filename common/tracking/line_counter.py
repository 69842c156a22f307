"""Count tracks that cross a line, by direction and label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from common.geometry import Point, segments_cross, signed_distance
from common.tracking.tracked_box import TrackedBox

Direction: TypeAlias = Literal["in", "out"]

FORGET_AFTER_S = 10.0  # a track that was not seen for longer has ended


@dataclass(frozen=True, slots=True)
class Crossing:
    """One track that crossed a line."""

    line: str
    direction: Direction
    track_id: int
    label: str


@dataclass(slots=True)
class _Side:
    """The side of the line that a track was last clearly on."""

    right: bool
    anchor: Point
    seen_at_s: float


class LineCounter:
    """Counts crossings of the segment from `start` to `end` by the bottom centre of boxes.

    `in` is from the left of the line to its right as seen from `start` to `end` (from above a line that runs from left
    to right to below it), `out` the other way. A track changes sides only when it is farther from the line than the
    hysteresis (TrackedBox.margin), so a box that jitters on the line counts once.
    """

    def __init__(self, name: str, start: Point, end: Point) -> None:
        self.name = name
        self.segment = (start, end)
        self.counts: Counter[tuple[Direction, str]] = Counter()
        self._sides: dict[int, _Side] = {}

    def update(self, at_s: float, tracked: Sequence[TrackedBox]) -> list[Crossing]:
        """Handle the tracked boxes of a frame taken at `at_s` seconds; return the crossings since the frame before."""
        crossings = []
        for one in tracked:
            distance = signed_distance(one.anchor, *self.segment)
            before = self._sides.get(one.track_id)
            if before is not None:
                before.seen_at_s = at_s
            if abs(distance) <= one.margin:
                continue
            right = distance > 0
            if (
                before is not None
                and before.right != right
                and segments_cross((before.anchor, one.anchor), self.segment)
            ):
                direction: Direction = "in" if right else "out"
                self.counts[direction, one.label] += 1
                crossings.append(Crossing(self.name, direction, one.track_id, one.label))
            self._sides[one.track_id] = _Side(right, one.anchor, at_s)
        self._sides = {key: side for key, side in self._sides.items() if at_s - side.seen_at_s <= FORGET_AFTER_S}
        return crossings
