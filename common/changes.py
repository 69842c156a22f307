"""What viewers have changed since the start of the app, for roles that are started again."""

from pathlib import Path

from common.config.sections import ProcessorSettings
from common.config.settings import LiveSettings
from common.detection.tracking_options import TrackingOptions, tracking_of
from common.messaging.info import ProcessorInfo
from common.messaging.messages import ServerMessage, SettingChange
from common.messaging.regions import Region, RegionsChange


class Changes:
    """Live settings, and lines and zones. Kept by the thread of the publisher, read by that of the supervisor."""

    def __init__(self, live: LiveSettings) -> None:
        """`live` are those at the start."""
        self._at_start = live
        self._settings: dict[str, bool | int | float] = {}
        self._regions: dict[str, RegionsChange] = {}

    def keep(self, message: ServerMessage) -> None:
        """Keep a change."""
        match message:
            case SettingChange(name=name, value=value):
                self._settings[name] = value
            case RegionsChange(processor=processor):
                self._regions[processor] = message

    def live(self, processor: ProcessorSettings) -> LiveSettings:
        """Return the live settings of a processor."""
        live = self._at_start.changed("min_score", processor.min_score)
        for name, value in self._settings.copy().items():
            live = live.changed(name, value)
        return live

    def tracking(self, processor: ProcessorSettings) -> TrackingOptions:
        """Return the lines and zones of a processor."""
        return tracking_of(processor.track, self._regions.get(processor.name, processor))

    def info(self, processor: ProcessorSettings) -> ProcessorInfo:
        """Return the description of a processor for viewers."""
        regions = self._regions.get(processor.name, processor)
        info = ProcessorInfo(
            name=processor.name,
            has_model=processor.run is None,
            cameras=processor.cameras,
            fps=processor.fps,
            min_score=processor.min_score,
            track=processor.track,
            lines=tuple(Region(name=line.name, points=line.points) for line in regions.lines),
            zones=tuple(Region(name=zone.name, points=zone.points) for zone in regions.zones),
        )
        return info.model_copy(update={"model": Path(processor.run).name}) if processor.run else info
