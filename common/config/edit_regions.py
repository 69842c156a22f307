"""Replace the lines and zones of a processor in the text of a settings file, and change nothing else.

TOML libraries that keep comments append a new table after the comments that precede the next one (tomlkit 0.15), so the
text is edited by the places of its tables. What the edited text means is verified: a text that the scanner does not
understand is refused.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.config.print_settings import toml_value
from common.config.regions import RegionSettings
from common.config.sections import MAIN
from common.errors import SettingsError

# Strings of TOML 1.0, comments, brackets, ends of lines, and everything else.
STRING = r'"{3}(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
TOKEN = re.compile(STRING + r"|#[^\n]*|[\[\]{}\n]|[^\[\]{}\n\"'#]+", re.DOTALL)
KEY = re.compile(r"\s*(lines|zones)\s*=")

Regions = dict[tuple[str, str], Any]
"""The points of each region by its kind (`lines` or `zones`) and its name."""


@dataclass
class _Table:
    """A table from its header to its last value: offsets in the text, and those of its keys `lines` and `zones`."""

    path: tuple[str, ...]
    start: int
    end: int
    keys: list[tuple[int, int]] = field(default_factory=list)


def with_regions(text: str, processor: str, regions: RegionSettings) -> str:
    """Return `text`, a valid settings file, with these lines and zones of a processor.

    Raises SettingsError when the processor is not in the text, or not as a table of its own.
    """
    before = tomllib.loads(text)
    wanted: Regions = {("lines", each.name): each.points for each in regions.lines}
    wanted |= {("zones", each.name): each.points for each in regions.zones}
    if "processors" not in before and processor == MAIN:
        table = f'\n[[processors]]\nname = "{MAIN}"\n'
        edits = [(len(text), len(text), _own_line(text) + table + "".join(map(_table, wanted.items())))]
    else:
        edits = list(_edits(text, before, processor, wanted))
    newline = "\r\n" if "\r\n" in text else "\n"
    edited = text
    for start, end, new in sorted(edits, reverse=True):
        edited = edited[:start] + new.replace("\n", newline) + edited[end:]
    _verify(before, edited, processor, wanted)
    return edited


def _edits(text: str, before: Mapping[str, Any], processor: str, wanted: Regions) -> Iterator[tuple[int, int, str]]:
    """Yield which parts of the text to replace: start, end, and the new text."""
    tables = list(_tables(text))
    own = [index for index, table in enumerate(tables) if table.path == ("processors",)]
    names = [each["name"] for each in before.get("processors", [])]
    if processor not in names or len(own) != len(names):
        raise SettingsError(f"it has no [[processors]] with name = {processor!r}")
    number = names.index(processor)
    last, *others = tables[own[number] : own[number + 1] if number + 1 < len(own) else None]
    yield from ((start, end, "") for start, end in last.keys)
    missing = dict(wanted)
    for table in others:
        if table.path not in (("processors", "lines"), ("processors", "zones")):
            continue
        kind = table.path[1]
        (region,) = tomllib.loads(text[table.start : table.end])["processors"][kind]
        points = missing.pop((kind, region["name"]), None)
        if points is None:
            yield _start_with_comments(text, table.start), table.end, ""
            continue
        last = table
        if _as_tuples(region["points"]) != points:
            yield table.start, table.end, _table(((kind, region["name"]), points)).removeprefix("\n")
    if missing:
        yield last.end, last.end, _own_line(text[: last.end]) + "".join(map(_table, missing.items()))


def _tables(text: str) -> Iterator[_Table]:
    """Yield the tables of a TOML text that have a header."""
    table: _Table | None = None
    depth, header, key, is_line_start = 0, None, None, True
    for token in TOKEN.finditer(text):
        found, start, end = token[0], token.start(), token.end()
        if found == "\n":
            if depth == 0 and key is not None and table is not None:
                table.keys.append((key, end))
                key = None
            is_line_start = True
            continue
        if found.startswith("#") or not found.strip():
            continue
        if found == "[" and depth == 0 and is_line_start:
            if table is not None:
                yield table
            header, table = start, None
        elif is_line_start and depth == 0 and KEY.match(found):
            key = start
        is_line_start = False
        depth += (found in "[{") - (found in "]}")
        line_end = text.find("\n", end) + 1 or len(text)
        if header is not None and depth == 0:
            table = _Table(_path(text[header:end]), header, line_end)
            header = None
        elif table is not None:
            table.end = line_end
    if table is not None:
        if key is not None:
            table.keys.append((key, len(text)))
        yield table


def _path(header: str) -> tuple[str, ...]:
    """Return the keys in the header of a table."""
    path: list[str] = []
    inner: Any = tomllib.loads(header)
    while inner:
        if isinstance(inner, list):
            (inner,) = inner
        else:
            ((name, inner),) = inner.items()
            path.append(name)
    return tuple(path)


def _start_with_comments(text: str, start: int) -> int:
    """Return where the comments directly above a header begin, and the empty lines above them."""
    lines = text[:start].splitlines(keepends=True)
    count = len(lines)
    while count and lines[count - 1].lstrip().startswith("#"):
        count -= 1
    while count and not lines[count - 1].strip():
        count -= 1
    return sum(map(len, lines[:count]))


def _table(region: tuple[tuple[str, str], Any]) -> str:
    (kind, name), points = region
    return f"\n[[processors.{kind}]]\nname = {toml_value(name)}\npoints = {toml_value(points)}\n"


def _own_line(before: str) -> str:
    """Return what ends the last line of `before`."""
    return "" if before.endswith("\n") or not before else "\n"


def _as_tuples(points: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(point) for point in points)


def _verify(before: Mapping[str, Any], edited: str, processor: str, wanted: Regions) -> None:
    """Raise SettingsError unless the edited text has the wanted regions and is unchanged otherwise."""
    try:
        after = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        after = {}
    others = [_without_regions(each, processor) for each in (before, after)]
    if "processors" not in before:
        others[0]["processors"] = [{"name": processor}]
    found = {
        (kind, region["name"]): _as_tuples(region["points"])
        for each in after.get("processors", [])
        if each["name"] == processor
        for kind in ("lines", "zones")
        for region in each.get(kind, [])
    }
    if others[0] != others[1] or found != wanted:
        raise SettingsError("its lines and zones are written in a form that cannot be edited")


def _without_regions(values: Mapping[str, Any], processor: str) -> dict[str, Any]:
    changed = dict(values)
    if "processors" in values:
        changed["processors"] = [
            {name: value for name, value in each.items() if name not in ("lines", "zones") or each["name"] != processor}
            for each in values["processors"]
        ]
    return changed
