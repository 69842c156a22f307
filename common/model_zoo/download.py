"""A download that is there whole and right, or not at all, and that goes on where it broke off."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from common.config.settings import is_loopback
from common.errors import DownloadError
from common.model_zoo.catalogue import RemoteFile

TIMEOUT_S = 30.0  # without a single byte: a store that has to find the file first may think for ten seconds
PIECE = 1 << 16  # bytes
GO_ON = "the same command goes on from there"

OnProgress: TypeAlias = Callable[[int], None]
"""Hears how many bytes of the file are here."""


def download(wanted: RemoteFile, target: Path, on_progress: OnProgress, timeout_s: float = TIMEOUT_S) -> None:
    """Fetch `wanted` to `target`, which appears whole and checked, or not at all.

    What has come so far lies beside it as TARGET.part, and the next call goes on from there. A server that sends
    nothing for `timeout_s` seconds is given up. Raises DownloadError, whose one line says what went wrong.
    """
    path = target.with_name(f"{target.name}.part")
    try:
        with _part_file(path) as part:
            resumed = _size(part) > 0
            _complete(part, wanted, on_progress, timeout_s)
            if resumed and not has_sha256(path, wanted.sha256):
                # Its beginning was of another file. If-Range would tell only with the ETag of back then; the hash
                # tells in any case.
                part.truncate(0)
                _complete(part, wanted, on_progress, timeout_s)
            if not has_sha256(path, wanted.sha256):
                part.truncate(0)
                raise DownloadError(f"what {_host(wanted.url)} sent is not the file wanted: its SHA-256 is another")
            os.fsync(part.fileno())  # or a loss of power may leave the name without the content
            os.replace(path, target)
    except OSError as error:
        raise DownloadError(f"cannot write {path}: {error.strerror}") from error


def has_sha256(path: Path, sha256: str) -> bool:
    """Whether this is the SHA-256, in hexadecimal digits, of the file at `path`. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


@contextmanager
def _part_file(path: Path) -> Iterator[IO[bytes]]:
    """What has come so far, open for appending by this process alone; removed when it is empty in the end."""
    with path.open("ab") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadError(f"another process is fetching {path.stem}") from error
        try:
            yield part
        finally:
            if not _size(part):
                path.unlink(missing_ok=True)


def _size(part: IO[bytes]) -> int:
    return os.fstat(part.fileno()).st_size


def _complete(part: IO[bytes], wanted: RemoteFile, on_progress: OnProgress, timeout_s: float) -> None:
    """Append what is missing. Raises DownloadError, and OSError for a fault of the file."""
    if _size(part) > wanted.size:
        part.truncate(0)
    start = _size(part)
    if start == wanted.size:
        return
    with closing(_receive(wanted, start, timeout_s)) as pieces:
        for place, piece in pieces:
            if place < _size(part):
                part.truncate(place)
            part.write(piece)
            part.flush()
            on_progress(place + len(piece))


def _receive(wanted: RemoteFile, start: int, timeout_s: float) -> Generator[tuple[int, bytes], None, None]:
    """The file from byte `start` on, or, from a server that sends no parts, all of it: pieces, each with its place.

    Raises DownloadError, also when in the end there were too few bytes, or too many.
    """
    host, place = _host(wanted.url), start
    try:
        with _ask(wanted, start, timeout_s) as answer:
            if answer.status != HTTPStatus.PARTIAL_CONTENT:
                place = 0
            while piece := answer.read1(PIECE):
                if place + len(piece) > wanted.size:
                    raise DownloadError(f"{host} sends more than the {wanted.size} bytes that are wanted")
                yield place, piece
                place += len(piece)
    except HTTPError as error:
        raise DownloadError(f"{host} answers {error.code} {error.reason.partition(chr(10))[0]}") from error
    except (OSError, HTTPException, ValueError) as error:  # the last for an address that a redirect gets wrong
        advice = f"; {GO_ON}" if place else ""
        raise DownloadError(f"cannot fetch from {host}: {_reason(error, timeout_s)}{advice}") from error
    if place < wanted.size:
        raise DownloadError(f"{host} broke off after {place} of {wanted.size} bytes; {GO_ON}")


def _ask(wanted: RemoteFile, start: int, timeout_s: float) -> HTTPResponse:
    """An answer with the file from byte `start` on (status 206), or with all of it (200).

    Raises DownloadError where the file has another size, and what urllib raises.
    """
    headers = {"User-Agent": "edge-vision", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    _check_address(wanted.url)
    request = Request(wanted.url, headers=headers)  # noqa: S310 - checked
    try:
        answer: HTTPResponse = build_opener(_CheckedRedirects).open(request, timeout=timeout_s)
    except HTTPError as error:
        error.close()
        if start and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _ask(wanted, 0, timeout_s)
        raise
    if answer.status == HTTPStatus.OK and answer.length in (None, wanted.size):
        return answer
    answer_range = answer.headers["Content-Range"]
    if start and answer_range == f"bytes {start}-{wanted.size - 1}/{wanted.size}":
        return answer
    answer.close()
    if start and answer.status == HTTPStatus.PARTIAL_CONTENT:
        return _ask(wanted, 0, timeout_s)  # a part, but not the one that is missing
    raise DownloadError(
        f"what {_host(wanted.url)} sends is not the file wanted: {answer.length} bytes instead of {wanted.size}"
    )


class _CheckedRedirects(HTTPRedirectHandler):
    """Follows redirects, but only to where a file may be fetched from."""

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
    """Raises DownloadError for anything but HTTPS; what never leaves this machine may be HTTP."""
    scheme, host = urlsplit(url).scheme, _host(url)
    if scheme != "https" and not (scheme == "http" and is_loopback(host)):
        raise DownloadError(f"{scheme}://{host} is not fetched from: only https is")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _reason(error: Exception, timeout_s: float) -> str:
    """What went wrong on the way, in one line."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return f"nothing came for {timeout_s:g} s"
    text = cause.strerror if isinstance(cause, OSError) else None
    return " ".join((text or str(cause) or type(cause).__name__).split())
