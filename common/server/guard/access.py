"""Access check of the public port: the host, the origin and the token of every request, before its handler."""

from aiohttp import web
from aiohttp.typedefs import Handler

from common.config.loopback import is_loopback
from common.server.guard.origins import check_origin
from common.server.guard.policy import OPEN_PATHS, PAGES, POLICY
from common.server.guard.token_page import token_page
from common.server.guard.tokens import has_token_in_headers, has_token_in_url, remove_token_from_url


@web.middleware
async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request of which the policy does not approve. Raises HTTPBadRequest, HTTPForbidden, HTTPUnauthorized."""
    policy = request.app[POLICY]
    host = _host(request)
    has_token = policy.token is not None and has_token_in_url(request, policy.token)
    check_origin(request, policy, has_token=has_token)
    if policy.token is None:
        if not is_loopback(host):
            # DNS rebinding: a page of an attacker's name that resolves to 127.0.0.1 would be of this origin. With a
            # token any name will do, because a browser sends a name its own cookies only.
            raise web.HTTPForbidden(text="without a token, only requests for http://localhost are answered")
    elif request.path not in OPEN_PATHS:
        if has_token and request.path in PAGES and request.method == "GET":
            return remove_token_from_url(request, policy.token)
        if not has_token and not has_token_in_headers(request, policy.token):
            raise _unauthorized(request)
    return await handler(request)


@web.middleware
async def ignore_disconnects(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log no error for a client that disconnects before it has received its response."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


def _host(request: web.Request) -> str:
    try:
        return request.url.host or ""
    except ValueError:
        raise web.HTTPBadRequest(text="invalid Host header") from None


def _unauthorized(request: web.Request) -> web.HTTPUnauthorized:
    """Ask for the token: by a page in a browser, which would show a dialog of its own for Basic credentials.

    VLC and FFmpeg send these only if they are asked for them.
    """
    if request.path in PAGES and "text/html" in request.headers.get("Accept", ""):
        return token_page(request)
    challenge = {} if "Sec-Fetch-Mode" in request.headers else {"WWW-Authenticate": 'Basic realm="Edge Vision"'}
    return web.HTTPUnauthorized(text="token required: open the link with ?token=TOKEN", headers=challenge)
