"""The compare page: this app and the app that it is compared with, side by side."""

from aiohttp import web

from common.server.guard.headers import content_security_policy
from common.server.guard.origins import on_port
from common.server.guard.policy import POLICY
from common.server.keys import OPTIONS
from common.server.pages import send_file
from common.telemetry.machine import cores, inference_threads

OTHER_PORT = web.AppKey("other_port", int)


async def redirect_to_compare(_: web.Request) -> web.Response:
    """Redirect to the compare page."""
    raise web.HTTPFound("compare")  # relative, because the app may be served below a path of a reverse proxy


async def compare_page(request: web.Request) -> web.Response:
    """Return the compare page, which may connect to the stream of the other app."""
    stream = f"{'wss' if request.secure else 'ws'}://{on_port(request, request.app[OTHER_PORT])}"
    policy = content_security_policy(request.app[POLICY].allowed_origins, stream)
    return send_file(request, "compare/index.html", **{"Content-Security-Policy": policy})


async def compare_facts(request: web.Request) -> web.Response:
    """Return the data of the compare page."""
    return web.json_response(
        {
            "implementation": request.app[OPTIONS].implementation,
            "other_port": request.app[OTHER_PORT],
            "cores": cores(),
            "inference_threads": inference_threads(),
        }
    )
