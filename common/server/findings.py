"""Handlers for what processors found: /api/events, /api/detections."""

from collections.abc import Iterable

from aiohttp import web

from common.server.cameras import selected_cameras
from common.server.event_history import MAX_EVENTS
from common.server.keys import HUB
from common.server.parameters import parameter, shown, whole_number

DEFAULT_LIMIT = 100
MAX_ID = 100  # characters of an event id (common/messaging/event.py)


async def api_events(request: web.Request) -> web.Response:
    """Return events that the server keeps, oldest first: those after `?since=EVENT_ID`, else the newest.

    `?limit=N` is their maximum number. If the server does not keep the event that `since` names, all are after it.
    `?camera=NAME`, which may be repeated, selects cameras. Raises HTTPBadRequest and HTTPNotFound.
    """
    cameras = selected_cameras(request)
    limit = whole_number(request, "limit", 1, MAX_EVENTS) or DEFAULT_LIMIT
    since = parameter(request, "since")
    events = request.app[HUB].events
    if since is None:
        return _json("events", events.newest(cameras, limit))
    if not 0 < len(since) <= MAX_ID:
        raise web.HTTPBadRequest(text=f"since must be the id of an event, not {shown(since)}")
    return _json("events", events.since(since, cameras, limit))


async def api_detections(request: web.Request) -> web.Response:
    """Return the newest detections of each camera and processor. `?camera=NAME` selects. Raises HTTPNotFound."""
    return _json("detections", request.app[HUB].detections.texts(selected_cameras(request)))


def _json(name: str, messages: Iterable[str]) -> web.Response:
    """Return a list of messages, each of them JSON already, as the field `name` of an object."""
    return web.Response(text=f'{{"{name}":[{",".join(messages)}]}}', content_type="application/json")
