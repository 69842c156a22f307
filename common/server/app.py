"""The UiServer role: a public port for pages and streams, and a receiver of what the other roles send."""

import asyncio
import socket

from common.interfaces import StopSignal
from common.messaging.loop_errors import LoopErrors
from common.messaging.report import MetricsReport
from common.server.http_server import HttpServer
from common.server.hub import Hub
from common.server.options import ServerOptions
from common.server.routes import public_app
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter
from common.transport import Receiver

STATS_PERIOD_S = 1.0
STOP_CHECK_S = 0.1


def run_server(options: ServerOptions, public: socket.socket, receiver: Receiver, stop: StopSignal) -> None:
    """Run the role until `stop` is set. `public` listens already, and stays open for the next server."""
    asyncio.run(_serve(options, public, receiver, stop))


async def _serve(options: ServerOptions, public: socket.socket, receiver: Receiver, stop: StopSignal) -> None:
    meter = Meter("server")
    hub = Hub(options, meter)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(LoopErrors())
    context = options.tls.context() if options.tls else None
    server = HttpServer(public_app(hub, options), public, context)
    await server.open()
    tasks = [asyncio.create_task(_broadcast_stats(hub))]
    if options.tls and context:
        tasks.append(asyncio.create_task(options.tls.follow_renewals(context)))

    def add(report: MetricsReport) -> None:
        loop.call_soon_threadsafe(hub.stats.add, report)

    async with receiver.open(hub):
        with Reporter(meter, add, lambda: True):
            while not stop.is_set():
                stop.beat()  # on the event loop: a loop that hangs no longer beats
                await asyncio.sleep(STOP_CHECK_S)
    for task in tasks:
        task.cancel()
    await server.close()


async def _broadcast_stats(hub: Hub) -> None:
    while True:
        await asyncio.sleep(STATS_PERIOD_S)
        hub.broadcast_stats()
