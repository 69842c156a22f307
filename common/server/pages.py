"""The page and its static files, read once: no request opens a file or names a path."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
TYPES = mimetypes.MimeTypes()  # without the files of the system, which differ


@dataclass(frozen=True)
class StaticFile:
    """One file of the page."""

    body: bytes
    content_type: str
    etag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return all files by their path below `static/`."""
    return {path.relative_to(STATIC).as_posix(): _read(path) for path in sorted(STATIC.rglob("*")) if path.is_file()}


async def index(request: web.Request) -> web.Response:
    """Return the page."""
    return send_file(request, "page/index.html")


async def static(request: web.Request) -> web.Response:
    """Return a static file. Raises HTTPNotFound."""
    return send_file(request, request.match_info["path"])


def send_file(request: web.Request, path: str, **headers: str) -> web.Response:
    """Return a response with a static file, or 304 if the browser has it already. Raises HTTPNotFound."""
    file = static_files().get(path)
    if file is None:
        raise web.HTTPNotFound
    headers["ETag"] = file.etag
    if file.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, content_type=file.content_type, headers=headers)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    content_type = TYPES.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"')
