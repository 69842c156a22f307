"""The cameras that a request selects by `?camera=NAME`."""

from aiohttp import web

from common.server.keys import HUB
from common.text import printable_line

MAX_NAME = 80  # characters of a name that are shown in an error


def selected_cameras(request: web.Request) -> frozenset[str]:
    """Return the cameras that the query names, or all. Raises HTTPNotFound, which lists the names, for another name."""
    known = request.app[HUB].cameras
    names = request.query.getall("camera", list(known))
    for name in names:
        if name not in known:
            raise web.HTTPNotFound(
                text=f"no camera {printable_line(name, MAX_NAME)}; the cameras are {', '.join(known)}"
            )
    return frozenset(names)


def selected_camera(request: web.Request) -> str:
    """Return the camera that the query names, or the first one. Raises HTTPNotFound and HTTPBadRequest."""
    if "camera" not in request.query:
        return request.app[HUB].cameras[0]
    names = selected_cameras(request)
    if len(names) > 1:
        raise web.HTTPBadRequest(text="camera must be given once")
    (name,) = names
    return name
