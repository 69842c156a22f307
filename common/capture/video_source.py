"""The VideoSource protocol, and the selection of a source by its URI."""

import re
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from common.capture.file_source import FileSource
from common.capture.frame_selection import CapturedFrame, Select, select_every
from common.capture.live_source import LiveSource
from common.capture.reconnect import OnStatus
from common.errors import SourceError
from common.interfaces import FrameMemory, StopSignal
from common.text import redact

SCHEMES = ("rtsp", "rtsps", "http", "https")


class VideoSource(AbstractContextManager["VideoSource"], Protocol):
    """A source of frames, open between `__enter__` and `__exit__`."""

    description: str
    """Its name for people, without credentials."""
    replaced_count: int
    """Frames of a live source that a newer one replaced before they were read."""
    undecodable_count: int
    """Frames that were skipped because they could not be decoded."""

    @property
    def fps(self) -> float | None:
        """Frames a second to expect from `frames()`: of a live source as measured, None until it is."""

    def frames(self, stop: StopSignal, select: Select = select_every) -> Iterator[CapturedFrame]:
        """Yield the frames that `select` selects until `stop` is set. Only these are converted to BGR.

        An array may be yielded again: a consumer may keep it but not write to it.
        """


def open_source(
    uri: str,
    capture_fps: float,
    on_status: OnStatus,
    start_s: float | None = None,
    memory: FrameMemory | None = None,
    label: str | None = None,
) -> VideoSource:
    """Return the source for `uri`: the path of a file, the index of a camera, or an RTSP or HTTP URL.

    A file is read at `capture_fps` and starts to play at `start_s` (monotonic time, None: when it is first read). A
    live source has its own rate. Frames are converted into `memory`. `on_status` is called from `frames()`, in the
    thread of its caller. `label` is the name of the camera in the log. The source is opened by `__enter__`. Raises
    SourceError for a URI that can never work; `__enter__` checks the content of a file.
    """
    if re.fullmatch("[0-9]{1,3}", uri):
        return LiveSource(int(uri), f"camera {int(uri)}", on_status, memory=memory, label=label)
    scheme, separator, rest = uri.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise SourceError(f"cannot open {redact(uri)!r}: a URL must start with {', '.join(SCHEMES)}")
        url = f"{scheme.lower()}://{rest}"  # the schemes of FFmpeg are case-sensitive
        return LiveSource(url, redact(uri), on_status, memory=memory, label=label)
    return FileSource(_readable(uri), capture_fps, on_status, start_s=start_s, memory=memory, label=label)


def _readable(uri: str) -> Path:
    path = Path(uri)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError(f"cannot open {uri!r}: not a file")
        path.open("rb").close()
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise SourceError(f"cannot open {uri!r}: {getattr(error, 'strerror', error)}") from error
    return path
