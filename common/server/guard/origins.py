"""Requests caused by pages of other origins: refused, unless the policy allows that origin."""

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from common.server.guard.policy import STREAM, AccessPolicy
from common.server.guard.tokens import FRAMES

EMBEDDED = web.RequestKey("embedded", bool)
"""True for a request of a page of an allowed origin."""


def check_origin(request: web.Request, policy: AccessPolicy, *, has_token: bool) -> None:
    """Raise HTTPForbidden for a request of a page of another origin. `has_token`: the URL contains the token.

    Browsers set Origin and Sec-Fetch-* so that no page can forge them. Programs send neither.
    """
    request[EMBEDDED] = False
    origin = request.headers.get("Origin")
    if origin is not None:
        if origin in policy.allowed_origins:
            request[EMBEDDED] = True
        elif origin not in _own_origins(request, policy):
            raise web.HTTPForbidden(text="pages of this origin may not connect")
    elif request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and not _is_link(request):
        if not _may_embed(request, policy, has_token):
            raise web.HTTPForbidden(text="pages of other origins may not embed this")
        request[EMBEDDED] = True


def on_port(request: web.Request, port: int) -> str:
    """Return the host of this request with another port, as in a URL."""
    return str(request.url.with_port(port).host_port_subcomponent)


def _own_origins(request: web.Request, policy: AccessPolicy) -> list[str]:
    hosts = [request.host]
    if policy.other_port is not None and request.path == STREAM:
        hosts.append(on_port(request, policy.other_port))
    # Behind a proxy that terminates TLS, a page from https makes requests over http. The reverse is an attack.
    schemes = ["https"] if request.secure else ["https", "http"]
    return [f"{scheme}://{host}" for scheme in schemes for host in hosts]


def _is_link(request: web.Request) -> bool:
    """Return whether a user follows a link in a tab of its own."""
    return _fetch(request, "Mode", "Dest") == ("navigate", "document")


def _may_embed(request: web.Request, policy: AccessPolicy, has_token: bool) -> bool:
    """Return whether the page that requests a frame or an image is of an allowed origin."""
    mode, destination = _fetch(request, "Mode", "Dest")
    if not policy.allowed_origins:
        return False
    if mode == "navigate" and destination in FRAMES:
        return True  # the browser itself refuses others, by frame-ancestors of Content-Security-Policy
    # A page may suppress the Referer of its images, but not forge it. The token is known to those who may view.
    return (mode, destination) == ("no-cors", "image") and (has_token or _referer(request) in policy.allowed_origins)


def _fetch(request: web.Request, *names: str) -> tuple[Any, ...]:
    return tuple(request.headers.get(f"Sec-Fetch-{name}") for name in names)


def _referer(request: web.Request) -> str | None:
    """Return the origin in the Referer header."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}"
