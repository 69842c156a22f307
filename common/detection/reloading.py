"""Reloading: user code is loaded again whenever its file changes, with --reload."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from common.detection.outcome import Outcome
from common.detection.user_code import UserProcessing, load_user_code, name_of
from common.errors import ProcessorError
from common.frames import Frame
from common.messaging.base import Message
from common.messaging.messages import Status

logger = logging.getLogger(__name__)

COMPONENT = "reload"  # not that of faults on frames, which end when the next frame succeeds
NOTHING = Outcome((), 0.0, 0.0)

Version: TypeAlias = tuple[int, int, int] | None
"""Inode, time of the change in ns, size; None for a file that is missing."""


class ReloadingProcessing:
    """Processes frames with the newest version of the code. While that cannot be loaded, nothing is found in them.

    Its state is lost: a class is created again. Other modules that the file imports are not loaded again.
    """

    def __init__(self, reference: str, options: Mapping[str, Any], report: Callable[[Message], None]) -> None:
        self.name = name_of(reference)
        self._reference = reference
        self._options = options
        self._report = report
        self._file = Path(reference.rpartition(":")[0])
        self._version: Version = (0, 0, 0)  # of no file
        self._process: UserProcessing | None = None

    def __call__(self, frame: Frame) -> Outcome:
        """See UserProcessing."""
        version = _version_of(self._file)
        if version != self._version:
            self._version = version
            self._load()
        return self._process(frame) if self._process else NOTHING

    def _load(self) -> None:
        try:
            self._process = load_user_code(self._reference, self._options)
        except ProcessorError as error:
            self._process = None
            logger.error("%s; waiting for the next change", error)
            self._report(Status(component=COMPONENT, state="degraded", message=f"{error}; waiting for the next change"))
        else:
            logger.info("%s is loaded", self._reference)
            self._report(Status(component=COMPONENT, state="ok", message=f"{self.name} is loaded"))


def _version_of(file: Path) -> Version:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
