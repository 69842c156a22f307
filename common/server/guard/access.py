"""Who may come in: Origin, Host and token are looked at before anything else, and every answer says what it may do."""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from common.config.settings import is_loopback

COOKIE = "vision_token_"  # and the port: browsers send a cookie to every port of a host
OPEN_PATHS = {"/healthz", "/readyz"}  # for a health check that knows no token; they tell nothing of the video
STREAM_PATH = "/ws/ui"


def content_security_policy(*elsewhere: str) -> str:
    """What a page may do: load and connect to what is here, and connect to these origins."""
    connections = " ".join(("'self'", *elsewhere))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src {connections}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"  # no text ever becomes HTML
    )


SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # ask whether it has changed: after an update, no old script meets a new page
}


def access_middleware(token: str | None, other_port: int | None = None) -> Middleware:
    """Refuse strangers. Where `token` is None the port must be one that only this machine can reach.

    A page on `other_port` of the same host may open the stream, too.
    """

    @web.middleware
    async def check_access(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            host = request.url.host or ""
        except ValueError:
            raise web.HTTPBadRequest(text="the Host names no port that there is") from None
        check_origin(request, other_port)
        if token is None and not is_loopback(host):
            # A foreign name that resolves to loopback is how DNS rebinding gets around the Origin check. With a token
            # any name will do, a proxy's say: a browser gives a name no cookie but its own.
            raise web.HTTPForbidden(text=f"ask for http://localhost, not for {request.host}")
        if token is not None and request.path not in OPEN_PATHS:
            given = request.query.get("token")
            if given is not None and same_secret(given, token) and request.method == "GET":
                return _remember(request, token)
            if not any(same_secret(each, token) for each in _tokens_of(request)):
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


def check_origin(request: web.Request, other_port: int | None) -> None:
    """Raise HTTPForbidden for a request that a page of another host caused. Programs send no Origin."""
    origin = request.headers.get("Origin")
    hosts = [request.host]
    if other_port is not None and request.path == STREAM_PATH:
        hosts.append(on_port(request, other_port))
    # Behind a proxy that ends TLS the page came by https and the request by http; the other way round is foul play.
    schemes = ["https"] if request.secure else ["https", "http"]
    if origin is not None and origin not in [f"{scheme}://{host}" for scheme in schemes for host in hosts]:
        raise web.HTTPForbidden(text="this origin may not connect")
    # A foreign page asks for a picture or a script without an Origin; what a browser tells instead, no page can forge.
    asked = {name: request.headers.get(f"Sec-Fetch-{name}") for name in ("Site", "Mode", "Dest")}
    foreign = request.path != STREAM_PATH and asked["Site"] in ("cross-site", "same-site")
    if foreign and (asked["Mode"], asked["Dest"]) != ("navigate", "document"):  # a link may lead here
        raise web.HTTPForbidden(text="no other page may show this")


def on_port(request: web.Request, port: int) -> str:
    """Another port of the host that this request was sent to, under the same name, as in an address."""
    return str(request.url.with_port(port).host_port_subcomponent)


def _tokens_of(request: web.Request) -> list[str]:
    """What was given as a token. Each copy of this app on a machine has a cookie, and all of them come."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        return [given]
    return [value for name, value in request.cookies.items() if name.startswith(COOKIE)]


def same_secret(given: str, secret: str) -> bool:
    """Whether they are equal, in a time that does not tell where they differ."""
    # A header may hold bytes that are no text.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode(errors="surrogateescape"))


def _remember(request: web.Request, token: str) -> web.Response:
    """Put the token into a cookie and take it out of the address, which histories and logs keep."""
    # One slash: two, or a backslash after it, would name another host.
    path = "/" + str(request.rel_url.without_query_params("token")).lstrip("/\\")
    response = web.Response(status=303, headers={"Location": path})
    # A proxy that ends TLS says so; who lies about it spoils no cookie but their own.
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    # Lax, not Strict: a link that was clicked in a mail or a chat has to get past the redirect. What else comes from
    # other sites is refused by check_origin.
    response.set_cookie(f"{COOKIE}{request.url.port}", token, httponly=True, samesite="Lax", secure=secure)
    return response
