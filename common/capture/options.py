"""Options of the FrameProvider role, made in the parent process, which does not import OpenCV."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProviderOptions:
    """One camera, its rate and the one for viewers, in frames a second.

    `camera` is its name, and `label` the one in a Status, None for the only camera without a name. `source` is a path,
    the index of a camera, or a URL, which may contain a password, and `detect_source` a smaller stream of the same
    camera, for the processors. `start_s` is the time of the monotonic clock at which a file starts to play, None for
    when it is opened. JPEGs are at most `ui_width` pixels wide (0: no limit) and of `jpeg_quality` 1 to 100.
    """

    source: str = field(repr=False)
    capture_fps: float
    ui_fps: float
    ui_width: int
    jpeg_quality: int
    detect_source: str | None = field(default=None, repr=False)
    start_s: float | None = None
    camera: str = "main"
    label: str | None = None
    role: str = "provider"
