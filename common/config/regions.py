"""The lines and zones of a processor: in the settings, and as viewers change them."""

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeAlias

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from common.config.faults import place, sentence
from common.config.fields import Name, Point, SettingsModel, check_distinct
from common.errors import SettingsError
from common.geometry import crosses_itself
from common.text import printable_line

MAX_REGIONS = 32  # lines, and as many zones, of a processor


class LineSettings(SettingsModel):
    """A line at which a processor counts tracks, as fractions of the frame."""

    name: Name
    points: Annotated[tuple[Point, ...], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _check_points(self) -> Self:
        if self.points[0] == self.points[1]:
            raise ValueError(f"points of {self.name} must differ from each other")
        return self


class ZoneSettings(SettingsModel):
    """A zone in which a processor counts tracks, as fractions of the frame. Its edges do not cross."""

    name: Name
    points: Annotated[tuple[Point, ...], Field(min_length=3, max_length=50)]

    @model_validator(mode="after")
    def _check_edges(self) -> Self:
        if crosses_itself(self.points):
            raise ValueError(f"points of {self.name} must not form edges that cross")
        return self


Lines: TypeAlias = Annotated[tuple[LineSettings, ...], Field(max_length=MAX_REGIONS)]
Zones: TypeAlias = Annotated[tuple[ZoneSettings, ...], Field(max_length=MAX_REGIONS)]
REGIONS: dict[str, type[SettingsModel]] = {"lines": LineSettings, "zones": ZoneSettings}


class RegionSettings(SettingsModel):
    """The lines and zones of one processor."""

    lines: Lines = ()
    zones: Zones = ()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        check_names(self.lines, self.zones)
        return self


def check_names(lines: Lines, zones: Zones) -> None:
    """Raise ValueError when two lines, or two zones, have the same name."""
    check_distinct((f"lines[{index}].name", line.name) for index, line in enumerate(lines))
    check_distinct((f"zones[{index}].name", zone.name) for index, zone in enumerate(zones))


def checked_regions(values: Mapping[str, Any]) -> RegionSettings:
    """Return the `lines` and `zones` of a message, checked as those of the settings. Raises SettingsError."""
    try:
        return RegionSettings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(printable_line(_describe(error.errors()[0]), 500)) from error


def _describe(fault: ErrorDetails) -> str:
    location = fault["loc"]
    if fault["type"] == "value_error" and (not location or isinstance(location[-1], int)):
        return ".".join(filter(None, (place(location), str(fault["ctx"]["error"]))))
    names = [part for part in location if isinstance(part, str)]
    fields = REGIONS[names[0]].model_fields if len(names) > 1 else RegionSettings.model_fields
    return f"{place(location)}: {sentence(fault, fields[names[-1]])}"
