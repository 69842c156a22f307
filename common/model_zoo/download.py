"""Downloads that are complete and verified, or absent, and that can be resumed."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, TypeAlias
from urllib.error import HTTPError

from common.errors import DownloadError
from common.model_zoo.catalogue import RemoteFile
from common.model_zoo.http_client import REQUEST_ERRORS, download_error, host_of, open_url

TIMEOUT_S = 30.0  # without a byte; a store may take ten seconds to locate a file
PIECE = 1 << 16  # bytes
RESUME = "run the same command to resume"

OnProgress: TypeAlias = Callable[[int], None]
"""Called with the number of bytes of the file that are complete."""


def download(wanted: RemoteFile, target: Path, on_progress: OnProgress, timeout_s: float = TIMEOUT_S) -> None:
    """Download `wanted` to `target`, which is created only when it is complete and its SHA-256 matches.

    Partial content is kept in TARGET.part, and the next call resumes from it. Raises DownloadError, also when the
    server sends nothing for `timeout_s` seconds.
    """
    path = target.with_name(f"{target.name}.part")
    try:
        with _part_file(path) as part:
            resumed = _size(part) > 0
            _complete(part, wanted, on_progress, timeout_s)
            if resumed and not has_sha256(path, wanted.sha256):
                # The partial content belonged to another file. If-Range (RFC 9110, 13.1.5) would need the ETag of
                # the earlier response; the hash needs nothing.
                part.truncate(0)
                _complete(part, wanted, on_progress, timeout_s)
            if not has_sha256(path, wanted.sha256):
                part.truncate(0)
                raise DownloadError(f"the file from {host_of(wanted.url)} has another SHA-256 than expected")
            os.fsync(part.fileno())  # before the rename: see rename(2) and fsync(2) on what survives a power loss
            os.replace(path, target)
    except OSError as error:
        raise DownloadError(f"cannot write {path}: {error.strerror}") from error


def has_sha256(path: Path, sha256: str) -> bool:
    """Return whether `sha256`, in hexadecimal digits, is the SHA-256 of the file at `path`. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def remote_size(url: str) -> int:
    """Return the size in bytes that the server states for the file at `url`. Raises DownloadError."""
    try:
        # GET, since a signed URL, to which file stores redirect, allows one method only.
        with open_url(url, TIMEOUT_S, {}) as response:
            size = response.length
    except REQUEST_ERRORS as error:
        raise download_error(url, error, TIMEOUT_S) from error
    if not size:
        raise DownloadError(f"{host_of(url)} does not state the size of the file")
    return size


@contextmanager
def _part_file(path: Path) -> Iterator[IO[bytes]]:
    """Open the partial content for appending, locked against other processes; remove it if it ends up empty."""
    with path.open("ab") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadError(f"another process is downloading {path.stem}") from error
        try:
            yield part
        finally:
            if not _size(part):
                path.unlink(missing_ok=True)


def _size(part: IO[bytes]) -> int:
    return os.fstat(part.fileno()).st_size


def _complete(part: IO[bytes], wanted: RemoteFile, on_progress: OnProgress, timeout_s: float) -> None:
    """Append the missing bytes. Raises DownloadError, and OSError for a fault of the file."""
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
    """Yield the file from byte `start` on as (offset, bytes); from byte 0 if the server ignores ranges.

    Raises DownloadError, also when the server sends too few bytes or too many.
    """
    host, place = host_of(wanted.url), start
    try:
        with _request(wanted, start, timeout_s) as response:
            if response.status != HTTPStatus.PARTIAL_CONTENT:
                place = 0
            while piece := response.read1(PIECE):
                if place + len(piece) > wanted.size:
                    raise DownloadError(f"{host} sends more than the expected {wanted.size} bytes")
                yield place, piece
                place += len(piece)
    except REQUEST_ERRORS as error:
        raise download_error(wanted.url, error, timeout_s, f"; {RESUME}" if place else "") from error
    if place < wanted.size:
        raise DownloadError(f"{host} closed the connection after {place} of {wanted.size} bytes; {RESUME}")


def _request(wanted: RemoteFile, start: int, timeout_s: float) -> HTTPResponse:
    """Request the file from byte `start` on: a response with that part (status 206), or with all of it (200).

    Raises DownloadError if the file has another size, and what urllib raises.
    """
    try:
        response = open_url(wanted.url, timeout_s, {"Range": f"bytes={start}-"} if start else {})
    except HTTPError as error:
        error.close()
        if start and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _request(wanted, 0, timeout_s)
        raise
    if response.status == HTTPStatus.OK and response.length in (None, wanted.size):
        return response
    content_range = response.headers["Content-Range"]
    if start and content_range == f"bytes {start}-{wanted.size - 1}/{wanted.size}":
        return response
    response.close()
    if start and response.status == HTTPStatus.PARTIAL_CONTENT:
        return _request(wanted, 0, timeout_s)  # another part than the one requested
    raise DownloadError(
        f"the file from {host_of(wanted.url)} has {response.length} bytes, not the expected {wanted.size}"
    )
