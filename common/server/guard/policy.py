"""Who may use the public port: the settings that the checks of `guard/` go by."""

from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class AccessPolicy:
    """`token` is None if none is required: then only this machine may be able to reach the port.

    Pages of `allowed_origins` may embed this app and open its stream, and so may the page of the app that listens on
    `other_port` of the same host; None if there is none.
    """

    token: str | None = field(repr=False)
    allowed_origins: tuple[str, ...] = ()
    other_port: int | None = None


POLICY = web.AppKey("policy", AccessPolicy)
STREAM = "/ws/ui"
PAGES = frozenset({"/", "/compare"})
OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # for health checks without a token; they reveal nothing of the video
FRAME_PREFIX = "/token/{token}"  # before any path: for frames, where browsers send no cookie of another site
