"""Options of the server, made in the parent process, which imports no web server."""

from dataclasses import dataclass, field
from pathlib import Path

from common.config.settings import LiveSettings
from common.messaging.info import CameraInfo, ProcessorInfo
from common.messaging.messages import Rates
from common.server.guard.tls import Tls


@dataclass(frozen=True)
class ServerOptions:
    """`source` is shown to viewers, so it must contain no password. `token` is None if viewers need none.

    `other_port` is the port, on the same host, of the app that this one is compared with: the page of each may open the
    stream of the other. None if there is none. `tls` is None if the public port serves plain http. Pages of
    `allowed_origins` may embed the page and the images. `models` are the names of the models that viewers may choose,
    `detect_sources` the cameras whose processors get the frames of another source than the viewers. Viewers may save to
    `settings_file`, None without leave.
    """

    implementation: str
    source: str
    rates: Rates
    live: LiveSettings
    token: str | None = field(default=None, repr=False)
    other_port: int | None = None
    tls: Tls | None = None
    allowed_origins: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    cameras: tuple[CameraInfo, ...] = ()
    processors: tuple[ProcessorInfo, ...] = ()
    detect_sources: frozenset[str] = frozenset()
    settings_file: Path | None = None
