"""Write the settings in force as TOML, without secrets."""

import json
from collections.abc import Iterator

from pydantic import SecretStr

from common.config.fields import SettingsModel
from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import Settings
from common.text import redact

CARRIED_BY_SECTIONS = {"source", *CameraSettings.DEFAULTS.values(), *ProcessorSettings.DEFAULTS.values()}


def to_toml(settings: Settings) -> str:
    """Return the settings as a TOML file that means the same, apart from secrets, which are replaced by ***."""
    lines = list(_lines(settings, CARRIED_BY_SECTIONS | {"cameras", "processors", "sinks", "server", "zenoh"}))
    if settings.impl == "zenoh":
        lines += ["", "[server]", *_lines(settings.server), "", "[zenoh]", *_lines(settings.zenoh)]
    unused = frozenset() if settings.impl == "zenoh" else frozenset({"node"})
    for camera in settings.cameras:
        lines += ["", "[[cameras]]", *_lines(camera, unused)]
    for processor in settings.processors:
        lines += ["", "[[processors]]", *_lines(processor, unused)]
    for sink in settings.sinks:
        lines += ["", "[[sinks]]", *_lines(sink)]
    return "\n".join(lines)


def _lines(model: SettingsModel, omitted: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    for name, value in model:
        if name not in omitted and value is not None and value not in ((), {}):
            yield f"{name} = {toml_value(value)}"


def toml_value(value: object) -> str:
    """Return a value as TOML, without secrets."""
    match value:
        case SecretStr():
            return '"***"'
        case str():
            shown = redact(value) if "://" in value or "@" in value else value
            return json.dumps(shown, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML 1.0, "String"
        case SettingsModel() | dict():
            fields = value.items() if isinstance(value, dict) else value
            return f"{{ {', '.join(f'{json.dumps(name)} = {toml_value(each)}' for name, each in fields)} }}"
        case tuple() | list():
            return f"[{', '.join(map(toml_value, value))}]"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return json.dumps(value)
