"""Which tracks are in a zone, by label, and how long each stays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.geometry import Point, contains, distance_to_edge
from common.tracking.tracked_box import TrackedBox

GONE_AFTER_S = 2.0  # a track in the zone that was not seen for longer has left it


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A track that entered or left a zone; `stay_s` is how long it was inside, 0 when it entered."""

    zone: str
    kind: Literal["entered", "left"]
    track_id: int
    label: str
    stay_s: float


@dataclass(slots=True)
class _Stay:
    """A track inside the zone."""

    label: str
    since_s: float
    seen_at_s: float


class Zone:
    """A polygon; a track is inside while the bottom centre of its box is.

    It enters or leaves only when it is farther from the edge than the hysteresis (TrackedBox.margin), so a box that
    jitters on the edge enters once. One that is first seen inside enters at once.
    """

    def __init__(self, name: str, polygon: Sequence[Point]) -> None:
        """`polygon` has at least three corners, as fractions of the frame."""
        self.name = name
        self.polygon = tuple(polygon)
        self._inside: dict[int, _Stay] = {}
        self._outside: dict[int, float] = {}  # tracks seen outside, and when last

    @property
    def present(self) -> Counter[str]:
        """How many tracks are inside, by label."""
        return Counter(stay.label for stay in self._inside.values())

    def stays_s(self, at_s: float) -> dict[int, float]:
        """How long each track inside has stayed by `at_s`, in seconds, by track id."""
        return {track_id: at_s - stay.since_s for track_id, stay in self._inside.items()}

    def update(self, at_s: float, tracked: Sequence[TrackedBox]) -> list[ZoneChange]:
        """Handle the tracked boxes of a frame taken at `at_s` seconds; return what entered and left."""
        changes = []
        for one in tracked:
            inside = contains(self.polygon, one.anchor)
            clear = distance_to_edge(self.polygon, one.anchor) > one.margin
            stay = self._inside.get(one.track_id)
            if stay is not None:
                stay.seen_at_s = at_s
                if not inside and clear:
                    changes.append(self._leave(one.track_id, at_s))
            elif inside and (clear or one.track_id not in self._outside):
                self._inside[one.track_id] = _Stay(one.label, at_s, at_s)
                changes.append(ZoneChange(self.name, "entered", one.track_id, one.label, 0.0))
            if one.track_id not in self._inside:
                self._outside[one.track_id] = at_s
        gone = [key for key, stay in self._inside.items() if at_s - stay.seen_at_s > GONE_AFTER_S]
        changes += [self._leave(key, self._inside[key].seen_at_s) for key in gone]
        self._outside = {key: seen for key, seen in self._outside.items() if at_s - seen <= GONE_AFTER_S}
        return changes

    def _leave(self, track_id: int, at_s: float) -> ZoneChange:
        stay = self._inside.pop(track_id)
        return ZoneChange(self.name, "left", track_id, stay.label, at_s - stay.since_s)
