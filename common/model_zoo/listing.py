"""The table of models: those of the catalogue, and the other ONNX files in the models folder."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.model_zoo.catalogue import Entry, load_catalogue, model_file
from common.model_zoo.progress import megabytes

HEADER = ("name", "state", "size", "classes", "input", "licence", "origin")


def table(folder: Path) -> str:
    """Return the table of the models in `folder` and in its catalogue. Raises ModelError for a bad catalogue."""
    catalogue = load_catalogue(folder)
    rows = [HEADER, *(_entry_row(folder, name, entry) for name, entry in catalogue.items())]
    rows += _other_rows(folder, catalogue)
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return `rows` as lines with aligned columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _entry_row(folder: Path, name: str, entry: Entry) -> tuple[str, ...]:
    size, state = _size_and_state(entry, model_file(folder, name))
    return name, state, size, entry.classes, entry.input, entry.licence, entry.origin


def _other_rows(folder: Path, catalogue: dict[str, Entry]) -> Iterator[tuple[str, ...]]:
    for file in sorted(folder.glob("*.onnx")):
        if file.stem not in catalogue:
            yield file.stem, "own file", _size(file), "", "", "", f"see models check {shlex.quote(file.stem)}"


def _size_and_state(entry: Entry, file: Path) -> tuple[str, str]:
    exists = file.is_file()
    if entry.download is None:
        return (_size(file), "bundled") if exists else ("", "missing")
    state = "not fetched"
    if exists:
        state = "fetched" if file.stat().st_size == entry.download.size else "another file"
    return f"{megabytes(entry.download.size)} MB", state


def _size(file: Path) -> str:
    return f"{megabytes(file.stat().st_size)} MB"
