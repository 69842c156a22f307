"""Write lines and zones into the settings file that the app was started with."""

import hashlib
import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

from common.config.edit_regions import with_regions
from common.config.regions import RegionSettings
from common.errors import SettingsError

RESERVED = ".saving"  # suffix of the new file until it replaces the old one


class SettingsFile:
    """The file, which is written only while it is as it was at the start, or as it was saved last."""

    def __init__(self, path: Path) -> None:
        """Reads the file. One that cannot be read is refused when it is to be written."""
        self.name = path.name
        self._saving = threading.Lock()
        self._path = path
        self._known: bytes | None = None
        with suppress(OSError):
            self._known = _digest(path.read_bytes())

    def save(self, processor: str, regions: RegionSettings) -> None:
        """Write the lines and zones of a processor, for one caller at a time. Raises SettingsError."""
        if not self._saving.acquire(blocking=False):
            raise SettingsError(f"{self.name} is not saved: another viewer is saving")
        try:
            self._save(processor, regions)
        finally:
            self._saving.release()

    def _save(self, processor: str, regions: RegionSettings) -> None:
        try:
            target = self._path.resolve(strict=True)  # a link stays one
            status = target.stat()
            content = target.read_bytes()
            self._check_unchanged(content)
            if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
                raise SettingsError("it is read-only")
            edited = with_regions(content.decode(), processor, regions).encode()
            self._replace(target, status, edited)
        except SettingsError as error:
            raise SettingsError(f"{self.name} is not saved: {error}") from error
        except OSError as error:
            raise SettingsError(f"{self.name} is not saved: {error.strerror}") from error
        self._known = _digest(edited)

    def _check_unchanged(self, content: bytes) -> None:
        if _digest(content) != self._known:
            raise SettingsError("it has changed since the app was started: start the app again first")

    def _replace(self, target: Path, status: os.stat_result, content: bytes) -> None:
        """Replace the file as a whole: after a crash it is the old one or the new one (rename(2))."""
        aside = target.with_name(target.name + RESERVED)
        aside.unlink(missing_ok=True)  # of an earlier run that was killed
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(content)
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
                file.flush()
                os.fsync(descriptor)
            self._check_unchanged(target.read_bytes())
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
