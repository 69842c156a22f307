"""HTTP requests for downloads: HTTPS only, also after a redirect; plain HTTP on loopback."""

from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from common.config.loopback import is_loopback
from common.errors import DownloadError

REQUEST_ERRORS = (OSError, HTTPException, ValueError)
"""What a request and reading its response may raise: urllib's own errors, and ValueError for a malformed redirect."""


def open_url(url: str, timeout_s: float, headers: Mapping[str, str]) -> HTTPResponse:
    """Send a GET request and return the open response.

    Raises DownloadError for an address that is not allowed, and what urllib raises.
    """
    _check_address(url)
    defaults = {"User-Agent": "edge-vision", "Accept-Encoding": "identity"}
    request = Request(url, headers={**defaults, **headers})  # noqa: S310 - checked
    response: HTTPResponse = build_opener(_CheckedRedirects).open(request, timeout=timeout_s)
    return response


def host_of(url: str) -> str:
    """Return the host of `url`, the only part of it that messages show."""
    return urlsplit(url).hostname or ""


def download_error(url: str, error: Exception, timeout_s: float, advice: str = "") -> DownloadError:
    """Translate one of REQUEST_ERRORS. `advice` is appended unless the server answered with an error."""
    host = host_of(url)
    if isinstance(error, HTTPError):
        return DownloadError(f"{host} answers {error.code} {error.reason.partition(chr(10))[0]}")
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        reason = f"no data for {timeout_s:g} s"
    else:
        text = cause.strerror if isinstance(cause, OSError) else None
        reason = " ".join((text or str(cause) or type(cause).__name__).split())
    return DownloadError(f"cannot download from {host}: {reason}{advice}")


class _CheckedRedirects(HTTPRedirectHandler):
    """Follows redirects to allowed addresses only."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        try:
            _check_address(newurl)
        except DownloadError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    """Raise DownloadError unless `url` is HTTPS, or HTTP to this machine."""
    scheme, host = urlsplit(url).scheme, host_of(url)
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise DownloadError(f"cannot download from {scheme}://{host}: only HTTPS is allowed")
