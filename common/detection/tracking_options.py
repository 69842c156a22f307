"""Which lines and zones a processor counts at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.messaging.shapes import Point


@dataclass(frozen=True)
class TrackingOptions:
    """`lines` have two points, `zones` three or more, as fractions of the frame."""

    lines: Mapping[str, tuple[Point, Point]] = field(default_factory=dict)
    zones: Mapping[str, Sequence[Point]] = field(default_factory=dict)
