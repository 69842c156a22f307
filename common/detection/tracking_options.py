"""Which lines and zones a processor counts at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.config.sections import ProcessorSettings
from common.geometry import Point, Segment
from common.messaging.regions import RegionsChange


@dataclass(frozen=True)
class TrackingOptions:
    """`lines` have two points, `zones` three or more, as fractions of the frame. `track` needs neither."""

    track: bool = False
    lines: Mapping[str, Segment] = field(default_factory=dict)
    zones: Mapping[str, Sequence[Point]] = field(default_factory=dict)

    @property
    def is_needed(self) -> bool:
        """Whether objects are tracked."""
        return bool(self.track or self.lines or self.zones)


def tracking_of(track: bool, regions: ProcessorSettings | RegionsChange) -> TrackingOptions:
    """Return the options for the lines and zones of the settings, or of a viewer."""
    return TrackingOptions(
        track,
        {line.name: (line.points[0], line.points[1]) for line in regions.lines},
        {zone.name: zone.points for zone in regions.zones},
    )
