"""The application of the public port: its routes, and the checks before them."""

from aiohttp import web

from common.config.settings_file import SettingsFile
from common.server.boxed_frames import BoxedFrames
from common.server.compare import OTHER_PORT, compare_facts, compare_page, redirect_to_compare
from common.server.findings import api_detections, api_events
from common.server.guard.access import check_access, ignore_disconnects
from common.server.guard.headers import add_security_headers
from common.server.guard.policy import FRAME_PREFIX, POLICY, STREAM, AccessPolicy
from common.server.hub import Hub
from common.server.keys import HUB, OPTIONS
from common.server.media import BOXED_FRAMES, mjpeg, snapshot
from common.server.monitoring import api_stats, healthz, metrics, readyz
from common.server.options import ServerOptions
from common.server.pages import index, static
from common.server.saving import SETTINGS_FILE, save_regions
from common.server.viewers import stream


def public_app(hub: Hub, options: ServerOptions) -> web.Application:
    """Return the application of the public port."""
    app = web.Application(middlewares=[ignore_disconnects, check_access])
    app[HUB], app[OPTIONS] = hub, options
    app[POLICY] = AccessPolicy(options.token, options.allowed_origins, options.other_port)
    app[BOXED_FRAMES] = BoxedFrames(hub)
    app.on_response_prepare.append(add_security_headers)
    if options.other_port is not None:
        app[OTHER_PORT] = options.other_port
    if options.settings_file is not None:
        app[SETTINGS_FILE] = SettingsFile(options.settings_file)
    for prefix in ("",) if options.token is None else ("", FRAME_PREFIX):
        _add_routes(app.router, prefix, comparing=options.other_port is not None)
    return app


def _add_routes(router: web.UrlDispatcher, prefix: str, *, comparing: bool) -> None:
    router.add_get(f"{prefix}/", redirect_to_compare if comparing else index)
    if comparing:
        router.add_get(f"{prefix}/compare", compare_page)
        router.add_get(f"{prefix}/api/compare", compare_facts)
    router.add_get(f"{prefix}/static/{{path:.*}}", static)
    router.add_get(f"{prefix}{STREAM}", stream)
    router.add_get(f"{prefix}/snapshot.jpg", snapshot)
    router.add_get(f"{prefix}/stream.mjpg", mjpeg, allow_head=False)  # its body has no end
    router.add_get(f"{prefix}/healthz", healthz)
    router.add_get(f"{prefix}/readyz", readyz)
    router.add_get(f"{prefix}/api/stats", api_stats)
    router.add_get(f"{prefix}/api/events", api_events)
    router.add_get(f"{prefix}/api/detections", api_detections)
    router.add_get(f"{prefix}/metrics", metrics)
    router.add_post(f"{prefix}/api/regions", save_regions)
