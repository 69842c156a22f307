"""The UiServer role: one public port for pages and streams, one loopback port for the roles."""

import asyncio
import socket
from pathlib import Path

from aiohttp import web

from common.interfaces import StopSignal
from common.messaging.messages import MetricsReport
from common.server.compare import add_compare_page
from common.server.guard.access import STREAM_PATH, access_middleware, add_security_headers, ignore_hang_ups
from common.server.guard.connections import Entrance
from common.server.hub import Hub
from common.server.ingest import ingest_app
from common.server.loop_faults import LoopFaults
from common.server.media import mjpeg, snapshot
from common.server.options import ServerOptions
from common.server.viewers import serve_viewer
from common.telemetry.meter import Meter, Reporter

STATIC = Path(__file__).parent / "static"
STATS_PERIOD_S = 1.0
STOP_CHECK_S = 0.1  # how late a stop may be seen


def run_server(options: ServerOptions, public: socket.socket, ingest: socket.socket, stop: StopSignal) -> None:
    """The role, from its start to its end. Both sockets listen already and stay open for the next server."""
    asyncio.run(_serve(options, public, ingest, stop))


async def _serve(options: ServerOptions, public: socket.socket, ingest: socket.socket, stop: StopSignal) -> None:
    meter = Meter("server")
    hub = Hub(options, meter)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(LoopFaults())
    context = options.tls.context() if options.tls else None
    entrances = [
        Entrance(public_app(hub, options), public, context),
        Entrance(ingest_app(hub, options.ingest_token), ingest),
    ]
    for entrance in entrances:
        await entrance.open()
    tasks = [asyncio.create_task(_broadcast_stats(hub))]
    if options.tls and context:
        tasks.append(asyncio.create_task(options.tls.follow_renewals(context)))

    def add(report: MetricsReport) -> None:
        loop.call_soon_threadsafe(hub.stats.add, report)

    with Reporter(meter, add, lambda: True):
        while not stop.is_set():
            stop.beat()  # on the event loop: a loop that hangs no longer beats
            await asyncio.sleep(STOP_CHECK_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(entrance.close() for entrance in entrances))


def public_app(hub: Hub, options: ServerOptions) -> web.Application:
    """The application of the public port."""

    async def index(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "page" / "index.html")

    async def viewer(request: web.Request) -> web.StreamResponse:
        return await serve_viewer(request, hub)

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def readyz(_: web.Request) -> web.Response:
        state = {
            "frames": hub.stats.flows("captured", options.rates.capture_fps),
            "inference": hub.stats.flows("processed", options.rates.queue_fps),
        }
        ready = all(state.values())
        return web.json_response({"ready": ready, **state, "problems": hub.problems()}, status=200 if ready else 503)

    async def stats(_: web.Request) -> web.Response:
        return web.Response(text=hub.current_stats().model_dump_json(), content_type="application/json")

    async def metrics(_: web.Request) -> web.Response:
        hub.current_stats()
        return web.Response(body=hub.stats.exporter.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def one_picture(request: web.Request) -> web.StreamResponse:
        return await snapshot(request, hub, options.rates.ui_fps)

    async def pictures(request: web.Request) -> web.StreamResponse:
        return await mjpeg(request, hub)

    access = access_middleware(options.token, options.other_port)
    app = web.Application(middlewares=[ignore_hang_ups, access])
    app.on_response_prepare.append(add_security_headers)
    if options.other_port is None:
        app.router.add_get("/", index)
    else:
        add_compare_page(app, options.implementation, options.other_port)
    app.router.add_get(STREAM_PATH, viewer)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/api/stats", stats)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/snapshot.jpg", one_picture)
    app.router.add_get("/stream.mjpg", pictures, allow_head=False)  # its body has no end
    app.router.add_static("/static", STATIC)
    return app


async def _broadcast_stats(hub: Hub) -> None:
    while True:
        await asyncio.sleep(STATS_PERIOD_S)
        hub.broadcast_stats()
