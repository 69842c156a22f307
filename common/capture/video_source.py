"""The VideoSource: where the pictures come from, chosen by what the user gave."""

import re
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from common.capture.file_source import FileSource
from common.capture.live_source import LiveSource
from common.capture.reconnect import OnStatus
from common.errors import SourceError
from common.frames import Image
from common.interfaces import StopSignal
from common.text import redact

SCHEMES = ("rtsp", "rtsps", "http", "https")


class VideoSource(AbstractContextManager["VideoSource"], Protocol):
    """A source of pictures, open between `__enter__` and `__exit__`."""

    description: str
    """What it is, for people, without credentials."""
    dropped_count: int
    """Live frames that a newer one replaced before anybody took them."""

    def frames(self, stop: StopSignal) -> Iterator[tuple[float, Image]]:
        """Every picture at its time, until `stop` is set: Unix time in seconds when it was read, and the picture.

        The picture is the consumer's to keep, and nobody's to write to: it may come again, or be read elsewhere.
        """


def open_source(uri: str, capture_fps: float, on_status: OnStatus, start_s: float | None = None) -> VideoSource:
    """The source that `uri` names: the path to a file, the index of a camera, or an RTSP or HTTP URL.

    `capture_fps` is the pace at which a file is read, and `start_s` when it began to play (monotonic time, None for
    when it is opened); a live source sets its own pace. `on_status` is called from within `frames()`, in its caller's
    thread. Nothing is opened before `__enter__`. Raises SourceError for a uri that can never work; a file is checked
    further in `__enter__`.
    """
    if re.fullmatch("[0-9]{1,3}", uri):
        return LiveSource(int(uri), f"camera {int(uri)}", on_status)
    if "://" in uri:
        if uri.partition("://")[0].lower() not in SCHEMES:
            raise SourceError(f"cannot open {redact(uri)!r}: a URL must start with {', '.join(SCHEMES)}")
        return LiveSource(uri, redact(uri), on_status)
    return FileSource(_readable(uri), capture_fps, on_status, start_s=start_s)


def _readable(uri: str) -> Path:
    path = Path(uri)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"cannot open {uri!r}: it is no file")
        path.open("rb").close()
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise SourceError(f"cannot open {uri!r}: {getattr(error, 'strerror', error)}") from error
    return path
