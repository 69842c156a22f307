"""The boxes that lines and zones handle: detections that belong to a track."""

from typing import NamedTuple, TypeAlias

from common.geometry import Point

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
