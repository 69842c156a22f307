"""Who may come in: Origin, Host and token are looked at before anything else, and every answer says what it may do."""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from common.settings import is_loopback

COOKIE = "vision_token"
OPEN_PATHS = {"/healthz", "/readyz"}  # for a health check that knows no token; they tell nothing of the video
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def access_middleware(host: str, token: str | None) -> Middleware:
    """Refuse strangers. `host` is the address served on; without a token it must be a loopback one."""

    @web.middleware
    async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_origin(request)
        if is_loopback(host) and not is_loopback(request.url.host or ""):
            # A foreign name that resolves to loopback is how DNS rebinding gets around the Origin check.
            raise web.HTTPForbidden(text=f"ask for http://localhost, not for {request.host}")
        if token is not None and request.path not in OPEN_PATHS:
            given = request.query.get("token")
            if given is not None and _same(given, token) and request.method == "GET":
                return _remember(request, token)
            if not _same(_token_of(request), token):
                raise web.HTTPUnauthorized(text="open the link that the app printed at its start")
        return await handler(request)

    return check_access


@web.middleware
async def ignore_hang_ups(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A peer that left before it had its answer is no error of this server."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`: so that errors and websockets carry them too."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def check_origin(request: web.Request) -> None:
    """Raise HTTPForbidden for a request that a page of another host sent. Programs send no Origin."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.split("://", 1)[-1] != request.host:
        raise web.HTTPForbidden(text="this origin may not connect")


def _token_of(request: web.Request) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given if scheme == "Bearer" else request.cookies.get(COOKIE, "")


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _remember(request: web.Request, token: str) -> web.Response:
    """Put the token into a cookie and take it out of the address, which histories and logs keep."""
    response = web.Response(status=303, headers={"Location": str(request.rel_url.without_query_params("token"))})
    response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", secure=request.secure)
    return response
