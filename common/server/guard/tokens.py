"""The token in a request: in the URL, in a header, or in a cookie."""

import base64
import binascii
import hmac
from collections.abc import Iterator
from urllib.parse import quote

from aiohttp import web

COOKIE = "vision_token_"  # followed by the port: browsers send a cookie to every port of its host
COOKIE_MAX_AGE_S = 400 * 24 * 3600  # the maximum that browsers accept (RFC 6265bis, section 5.5)
FRAMES = ("iframe", "frame")  # values of Sec-Fetch-Dest


def has_token_in_url(request: web.Request, token: str) -> bool:
    """Return whether the URL contains `token`, as a parameter or as a part of the path."""
    given = request.match_info.get("token", request.query.get("token"))
    return given is not None and same_secret(given, token)


def has_token_in_headers(request: web.Request, token: str) -> bool:
    """Return whether the Authorization header or a cookie contains `token`."""
    return any(same_secret(given, token) for given in _given_tokens(request))


def same_secret(given: str, secret: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    # A header may contain bytes that are not UTF-8.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode(errors="surrogateescape"))


def remove_token_from_url(request: web.Request, token: str) -> web.Response:
    """Redirect to the same page without the token in its parameters, which browser histories and proxy logs keep.

    A browser gets it as a cookie instead. In a frame of another site it would send none, so there the token becomes a
    part of the path, which the relative URLs of the page inherit. The redirect is relative as well, because the app may
    be served below a path of a reverse proxy.
    """
    page = request.path.rpartition("/")[2] or "./"
    query = request.rel_url.without_query_params("token").raw_query_string
    page += f"?{query}" if query else ""
    if request.headers.get("Sec-Fetch-Dest") in FRAMES:
        return web.Response(
            status=303, headers={"Location": f"token/{quote(token, safe='')}/{page.removeprefix('./')}"}
        )
    response = web.Response(status=303, headers={"Location": page})
    # A proxy that terminates TLS sets the header; a client that forges it affects its own cookie only.
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    response.set_cookie(
        f"{COOKIE}{request.url.port}",
        token,
        max_age=COOKIE_MAX_AGE_S,
        path="",  # the browser takes the folder of the page, which is below the path of a proxy
        httponly=True,
        samesite="Lax",  # Strict would not be sent after a click on a link in a mail or a chat
        secure=secure,
    )
    return response


def _given_tokens(request: web.Request) -> Iterator[str]:
    """Yield the token of the Authorization header, or else of the cookies of every copy of this app on the host."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            yield credentials.strip()
        case "basic":
            yield _password(credentials)
        case _:
            yield from (value for name, value in request.cookies.items() if name.startswith(COOKIE))


def _password(credentials: str) -> str:
    """Return the password of Basic credentials (RFC 7617), or "" if they are invalid."""
    try:
        return base64.b64decode(credentials, validate=True).decode(errors="surrogateescape").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
