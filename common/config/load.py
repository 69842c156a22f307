"""Load the settings: flags override environment variables, which override the TOML file."""

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from common.config.command_line import DEFAULT_FILE, parse
from common.config.faults import place, sentence
from common.config.fields import SettingsModel
from common.config.nodes import ServerSettings, ZenohSettings
from common.config.print_settings import to_toml
from common.config.regions import REGIONS
from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import Settings
from common.config.sinks import SINK_TYPES
from common.config.spelling import PREFIX, SECTIONS, SIMPLE, flag, suggestion, variable
from common.errors import SettingsError
from common.text import printable_line, redact

Location: TypeAlias = tuple[int | str, ...]

MODELS: dict[str, type[SettingsModel]] = {
    "cameras": CameraSettings,
    "processors": ProcessorSettings,
    "server": ServerSettings,
    "zenoh": ZenohSettings,
}
"""The sections that are a table, or tables of one type."""


@dataclass(frozen=True)
class Given:
    """The value of a setting as it was given, and its origin: a flag, a variable, or the path of the TOML file."""

    value: Any
    origin: str
    in_file: bool = False


class Loaded(NamedTuple):
    """The command, its settings, and the path of the TOML file with some of them, None without one."""

    command: str
    settings: Settings
    file: Path | None


def load_settings(argv: Sequence[str]) -> Loaded:
    """Return the command and the checked settings of a command line.

    Raises SettingsError with one line that names the fault and its place, and SystemExit after --help, --version and
    --print-settings.
    """
    line = parse(argv)
    flags = {
        name: Given(value, "--source" if name == "cameras" else flag(name)) for name, value in line.settings.items()
    }
    given: dict[str, Given] = {}
    file = _file(line.config)
    for layer in (_from_file(file) if file else {}, _from_environment(), flags):
        for name, other in (("source", "cameras"), ("cameras", "source")):  # each of the two overrides the other
            if name in layer:
                given.pop(other, None)
        given |= layer
    try:
        settings = Settings.model_validate({name: each.value for name, each in given.items()})
    except ValidationError as error:
        raise SettingsError(_describe(error.errors()[0], given)) from error
    if line.print_settings:
        sys.stdout.write(f"{to_toml(settings)}\n")
        raise SystemExit
    if settings.allow_save and file is None:
        raise SettingsError(f"{given['allow_save'].origin} needs a settings file: {DEFAULT_FILE}, or --config FILE")
    return Loaded(line.command, settings, file)


def _file(named: str | None) -> Path | None:
    """Return the path of the TOML file. Raises SettingsError for one that is named and does not exist."""
    origin, text = ("--config", named) if named else (variable("config"), os.environ.get(variable("config")))
    file = Path(text) if text else DEFAULT_FILE
    if not text and not file.exists():
        return None
    if not file.is_file():
        raise SettingsError(f"{origin}: {str(file)!r} is not a file")
    return file


def _from_file(file: Path) -> dict[str, Given]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, a number without end, nested too deep
        raise SettingsError(f"{file}: not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    if {"source", "cameras"} <= values.keys():
        raise SettingsError(f"{file}: source must not be set beside cameras: each camera has its own")
    return {name: Given(value, str(file), in_file=True) for name, value in values.items()}


def _from_environment() -> dict[str, Given]:
    """Return the settings in environment variables. An empty variable counts as unset, as Compose files need it."""
    given = {}
    for spelled, value in os.environ.items():
        if not spelled.upper().startswith(PREFIX) or not value:
            continue
        name = spelled.upper().removeprefix(PREFIX).lower()
        if name in SIMPLE:
            given[name] = Given(value, spelled)
        elif name != "config":
            near = suggestion(name, (*SIMPLE, "config"), variable)
            raise SettingsError(f"unknown environment variable {spelled}{near}")
    return given


def _describe(fault: ErrorDetails, given: Mapping[str, Given]) -> str:
    """Return a fault with its place: the flag, the variable, or the file and the path in it."""
    location, fields = _located(fault["loc"])
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"{given[str(location[0])].origin}: {place(location)}.type is not one of {', '.join(SINK_TYPES)}"
    if fault["type"] == "extra_forbidden":
        name, known = location[-1], fields
        unknown = redact(place(location))
        return f"{given[str(location[0])].origin}: unknown setting {unknown!r}{suggestion(str(name), known)}"
    if fault["type"] == "value_error" and (not location or location[-1] == "zenoh" or isinstance(location[-1], int)):
        return _describe_conflict(str(fault["ctx"]["error"]), location, given)
    setting = given[str(location[0])]
    where = f"{setting.origin}: {place(location)}" if setting.in_file else setting.origin
    name = next(part for part in reversed(location) if isinstance(part, str))
    return f"{where}: {sentence(fault, fields[name])}"


def _describe_conflict(message: str, location: Location, given: Mapping[str, Given]) -> str:
    """Return a fault of several settings; `message` begins with the place of one of them, from `location` on."""
    if location and location[0] in given:
        message = f"{place(location)}.{message}"
    message = printable_line(message, 500)  # it may contain values
    section = next((each for each in SECTIONS if message.startswith(f"{each}[")), None)
    return f"{given[section].origin}: {message}" if section else message


def _located(location: Location) -> tuple[Location, Mapping[str, FieldInfo]]:
    """Return the place of a fault, and the fields of the model that it is in.

    The type of a sink, which pydantic inserts for a tagged union, is left out of the place.
    """
    match location:
        case ["sinks", int(), str(kind), *rest]:
            return (*location[:2], *rest), SINK_TYPES[kind].model_fields
        case ["processors", int(), ("lines" | "zones") as kind, int(), str(), *_]:
            return location, REGIONS[kind].model_fields
        case [str(section), int(), str(), *_] | [("server" | "zenoh") as section, str(), *_]:
            return location, MODELS[section].model_fields
        case _:
            return location, Settings.model_fields
