"""Handlers for health checks and monitoring: /healthz, /readyz, /api/stats, /metrics."""

from aiohttp import web

from common.server.cameras import selected_camera
from common.server.keys import HUB, OPTIONS


async def healthz(_: web.Request) -> web.Response:
    """Answer that the server is alive."""
    return web.Response(text="ok")


async def readyz(request: web.Request) -> web.Response:
    """Return whether frames and detections flow, and what is wrong; the status is 503 while one of them does not."""
    hub, rates = request.app[HUB], request.app[OPTIONS].rates
    frames = hub.stats.flows("captured", rates.capture_fps)
    inference = hub.stats.flows("processed", rates.queue_fps)
    ready = frames and inference
    state = {"ready": ready, "frames": frames, "inference": inference, "problems": hub.problems(frames, inference)}
    return web.json_response(state, status=200 if ready else 503)


async def api_stats(request: web.Request) -> web.Response:
    """Return the statistics as JSON, of all cameras, or of `?camera=NAME`. Raises HTTPNotFound and HTTPBadRequest."""
    camera = selected_camera(request) if "camera" in request.query else None
    stats = request.app[HUB].current_stats(camera)
    return web.Response(text=stats.model_dump_json(), content_type="application/json")


async def metrics(request: web.Request) -> web.Response:
    """Return the statistics in the exposition format of Prometheus."""
    body = request.app[HUB].prometheus_text()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
