"""Which lines and zones a processor counts at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.config.sections import ProcessorSettings
from common.messaging.shapes import Point


@dataclass(frozen=True)
class TrackingOptions:
    """`lines` have two points, `zones` three or more, as fractions of the frame."""

    lines: Mapping[str, tuple[Point, Point]] = field(default_factory=dict)
    zones: Mapping[str, Sequence[Point]] = field(default_factory=dict)


def tracking_of(settings: ProcessorSettings) -> TrackingOptions | None:
    """Return the lines and zones of a processor, None where it does not track."""
    if not (settings.track or settings.lines or settings.zones):
        return None
    return TrackingOptions(
        {line.name: (line.points[0], line.points[1]) for line in settings.lines},
        {zone.name: zone.points for zone in settings.zones},
    )
