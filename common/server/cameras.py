"""The cameras that a request selects by `?camera=NAME`."""

from aiohttp import web

from common.server.keys import HUB
from common.server.parameters import parameter, shown


def selected_cameras(request: web.Request) -> frozenset[str]:
    """Return the cameras that the query names, or all. Raises HTTPNotFound, which lists the names, for another name."""
    known = request.app[HUB].cameras
    names = request.query.getall("camera", list(known))
    for name in names:
        if name not in known:
            raise web.HTTPNotFound(text=f"no camera {shown(name)}; the cameras are {', '.join(known)}")
    return frozenset(names)


def selected_camera(request: web.Request) -> str:
    """Return the camera that the query names, or the first one. Raises HTTPNotFound and HTTPBadRequest."""
    if parameter(request, "camera") is None:
        return request.app[HUB].cameras[0]
    (name,) = selected_cameras(request)
    return name
