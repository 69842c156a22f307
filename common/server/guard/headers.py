"""The security headers of every response."""

from aiohttp import web

from common.server.guard.origins import EMBEDDED
from common.server.guard.policy import POLICY


def content_security_policy(allowed_origins: tuple[str, ...], *connect: str) -> str:
    """Return the policy of a page that loads from its own origin, connects to it and to `connect`.

    Only pages of `allowed_origins` may show it in a frame.
    """
    connections = " ".join(("'self'", *connect))
    ancestors = " ".join(allowed_origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        f"connect-src {connections}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"  # no string can become HTML
    )


def security_headers(allowed_origins: tuple[str, ...] = (), *, embedded: bool = False) -> dict[str, str]:
    """Return the headers of a response; `embedded`: to a page of one of `allowed_origins`."""
    return {
        "Content-Security-Policy": content_security_policy(allowed_origins),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "cross-origin" if embedded else "same-origin",
        "Cache-Control": "no-cache",  # revalidate: after an update, scripts of two versions must not meet
    }


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers, for `on_response_prepare`: error responses and websockets get them as well."""
    embedded = request.get(EMBEDDED, False)
    for name, value in security_headers(request.app[POLICY].allowed_origins, embedded=embedded).items():
        response.headers.setdefault(name, value)
