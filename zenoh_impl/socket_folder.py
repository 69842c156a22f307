"""The folder of the Unix socket of a node, which only its user can enter: a stranger cannot pose as a role."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from common.errors import SettingsError

FOLDERS = "edge-vision-"
SOCKET = "socket"
MAX_PATH_BYTES = 103  # of a Unix socket: macOS; Linux has 107 (unix(7))


def new_folder() -> Path:
    """Return the path of a folder that does not exist yet.

    Raises SettingsError if no folder can be written, or the path would be too long.
    """
    name = f"{FOLDERS}{os.getpid()}-{secrets.token_hex(8)}"
    places = list(_places())
    for place in places:
        if len(os.fsencode(place / name / SOCKET)) <= MAX_PATH_BYTES:
            return place / name
    if not places:
        raise SettingsError("no folder for the socket of the node: set TMPDIR or XDG_RUNTIME_DIR to one to be written")
    raise SettingsError(
        f"no folder for the socket of the node: its path in {places[0]} is longer than {MAX_PATH_BYTES} bytes; "
        "set TMPDIR or XDG_RUNTIME_DIR to a shorter one"
    )


def remove_stale_folders() -> None:
    """Remove the folders of nodes that were killed."""
    for place in _places():
        for folder in place.glob(f"{FOLDERS}*-*"):
            process = Path("/proc", folder.name.removeprefix(FOLDERS).partition("-")[0])
            if Path("/proc/self").exists() and not process.exists():
                shutil.rmtree(folder, ignore_errors=True)


def _places() -> Iterator[Path]:
    """Yield the folder for temporary files, and those that are used where its path is too long."""
    with suppress(FileNotFoundError):  # of none in which a file can be written
        yield Path(tempfile.gettempdir())
    for place in (os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"):  # noqa: S108 - the folder within is the user's own
        if place and os.access(place, os.W_OK | os.X_OK):
            yield Path(place)
