"""`python main.py models`: show the catalogue, and fetch a model that it knows."""

import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import ModelError, SettingsError
from common.model_zoo.catalogue import FILE, Entry, RemoteFile, load_catalogue, model_file
from common.model_zoo.download import GO_ON, download, has_sha256
from common.model_zoo.progress import TransferProgress, megabytes
from common.model_zoo.resolve import ROOT

MODELS = ROOT / "models"

USAGE = f"""\
usage: python main.py models list
       python main.py models fetch NAME

list shows the models that have a name here, and which of them lie in models/.
fetch gets one of them into models/; then --model NAME runs it. A fetch that broke off goes on where it was.
models/{FILE} holds the list, and says how to add to it."""


def main(argv: Sequence[str], folder: Path = MODELS) -> int:
    """Run the command; returns the exit code. Raises UserError for what cannot work."""
    match argv:
        case ["list"]:
            print(table(folder))
        case ["fetch", name] if not name.startswith("-"):
            try:
                print(fetch(name, folder))
            except KeyboardInterrupt:
                print(f"stopped; {GO_ON}", file=sys.stderr)
                return 130
        case ["--help" | "-h"]:
            print(USAGE)
        case _:
            raise SettingsError("models takes list, or fetch and a NAME; models --help tells more")
    return 0


def table(folder: Path) -> str:
    """The catalogue as a table."""
    rows = [("name", "classes", "input", "size", "licence", "here", "about it")]
    for name, entry in load_catalogue(folder).items():
        size, here = _size_and_state(entry, model_file(folder, name))
        rows.append((name, entry.classes, entry.input, size, entry.licence, here, entry.origin))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _size_and_state(entry: Entry, file: Path) -> tuple[str, str]:
    size = file.stat().st_size if file.is_file() else None
    if entry.download is None:
        return ("", "missing") if size is None else (f"{megabytes(size)} MB", "bundled")
    state = {None: "no", entry.download.size: "yes"}.get(size, "another file")
    return f"{megabytes(entry.download.size)} MB", state


def fetch(name: str, folder: Path) -> str:
    """Get a model of the catalogue into `folder`; returns what to tell the user. Raises ModelError, DownloadError."""
    catalogue = load_catalogue(folder)
    if name not in catalogue:
        raise ModelError(f"{name!r} is not in {folder / FILE}; choose from {', '.join(catalogue) or 'nothing'}")
    wanted = catalogue[name].download
    file = model_file(folder, name)
    if file.exists():
        if wanted and not _is(file, wanted):
            raise ModelError(f"{file} is there, but is not {name} of the catalogue; move it away to fetch that one")
        return f"{file} is here already; run it with --model {name}"
    if wanted is None:
        raise ModelError(f"{file} comes along with the app, and cannot be fetched alone")
    with TransferProgress(wanted.size) as progress:
        download(wanted, file, progress.show)
    return f"{file} is here and right; run it with --model {name}"


def _is(file: Path, wanted: RemoteFile) -> bool:
    try:
        return has_sha256(file, wanted.sha256)
    except OSError as error:
        raise ModelError(f"cannot read {file}: {error.strerror}") from error
