"""The compare page: both implementations side by side."""

from pathlib import Path

from aiohttp import web

from common.server.guard.access import content_security_policy, on_port
from common.telemetry.machine import cores, inference_threads

PAGE = Path(__file__).parent / "static" / "compare" / "index.html"


def add_compare_page(app: web.Application, implementation: str, other_port: int) -> None:
    """Serve the page and its data, and redirect / to it. The other implementation listens on `other_port`."""

    async def redirect(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("compare")  # relative: a proxy may serve this app below a path

    async def page(request: web.Request) -> web.StreamResponse:
        stream = f"{'wss' if request.secure else 'ws'}://{on_port(request, other_port)}"
        return web.FileResponse(PAGE, headers={"Content-Security-Policy": content_security_policy(stream)})

    async def data(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "implementation": implementation,
                "other_port": other_port,
                "cores": cores(),
                "inference_threads": inference_threads(),
            }
        )

    app.router.add_get("/", redirect)
    app.router.add_get("/compare", page)
    app.router.add_get("/api/compare", data)
