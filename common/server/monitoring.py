"""Handlers for health checks and monitoring: /healthz, /readyz, /api/stats, /metrics."""

from aiohttp import web

from common.server.cameras import selected_camera
from common.server.keys import HUB


async def healthz(_: web.Request) -> web.Response:
    """Answer that the server is alive."""
    return web.Response(text="ok")


async def readyz(request: web.Request) -> web.Response:
    """Return whether all cameras and processors work, and what is wrong; the status is 503 while one does not."""
    readiness = request.app[HUB].readiness()
    return web.json_response(readiness.as_json(), status=200 if readiness.ready else 503)


async def api_stats(request: web.Request) -> web.Response:
    """Return the statistics as JSON, of all cameras, or of `?camera=NAME`. Raises HTTPNotFound and HTTPBadRequest."""
    camera = selected_camera(request) if "camera" in request.query else None
    stats = request.app[HUB].current_stats(camera)
    return web.Response(text=stats.model_dump_json(), content_type="application/json")


async def metrics(request: web.Request) -> web.Response:
    """Return the statistics in the exposition format of Prometheus."""
    body = request.app[HUB].prometheus_text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
