"""Why a camera cannot be opened: one request to its address, since OpenCV does not report the cause."""

import os
import re
import socket
import ssl
import sys
from http import HTTPStatus
from itertools import islice
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from common.capture.http_auth import authorization
from common.capture.opencv_capture import Device

TIMEOUT_S = 3.0  # to connect, and again for the answer
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
MAX_LINE_BYTES = 8192
MAX_LINES = 100
STATUS_LINE = re.compile(rb"(?:RTSP|HTTP)/\d\.\d ([1-5]\d\d)\b")


class OpenFault(NamedTuple):
    """Why a camera cannot be opened, for people, and whether it may only need more time."""

    reason: str
    may_be_slow: bool = False


class Answer(NamedTuple):
    """The status code of a response, and its challenges to authenticate."""

    status: int
    challenges: list[str]


class SilentError(Exception):
    """The server accepts a connection, but does not answer the request."""


class ProtocolError(Exception):
    """The server answers in another protocol."""


# The first type that fits: TimeoutError, for one, is an OSError.
FAULTS: tuple[tuple[type[Exception], OpenFault], ...] = (
    (socket.gaierror, OpenFault("unknown host")),
    (ConnectionRefusedError, OpenFault("connection refused: no server listens on this port")),
    (SilentError, OpenFault("the server accepts the connection, but does not answer", may_be_slow=True)),
    (ProtocolError, OpenFault("the server does not use the protocol of this URL")),
    (TimeoutError, OpenFault("the host does not answer")),
    (ssl.SSLError, OpenFault("the server does not use TLS")),
    (OSError, OpenFault("no connection to the host")),
)
STATUS_FAULTS: dict[int, OpenFault] = {
    HTTPStatus.UNAUTHORIZED: OpenFault("wrong user name or password (401)"),
    HTTPStatus.FORBIDDEN: OpenFault("access denied (403)"),
    HTTPStatus.NOT_FOUND: OpenFault("no stream at this path (404)"),
}


def diagnose(device: Device, timeout_s: float = TIMEOUT_S) -> OpenFault:
    """Return why `device` cannot be opened. The reason repeats no part of a URL, which may contain a password."""
    if isinstance(device, int):
        return _index_fault(device)
    try:
        parts = urlsplit(device)
        address = parts.hostname or "", parts.port or PORTS[parts.scheme]
    except ValueError:
        return OpenFault("not a valid URL; in a user name or password write / as %2F, : as %3A and @ as %40")
    try:
        return _status_fault(_request(address, parts, timeout_s), parts)
    except (OSError, SilentError, ProtocolError) as error:
        return next(fault for kind, fault in FAULTS if isinstance(error, kind))


def _index_fault(index: int) -> OpenFault:
    if sys.platform != "linux":
        return OpenFault("no such camera, or another program uses it")
    path = f"/dev/video{index}"
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError:
        return OpenFault(f"{path} does not exist")
    except PermissionError:
        return OpenFault(f"no permission for {path}; add the user to the group video")
    except OSError as error:
        return OpenFault(error.strerror or str(error))
    return OpenFault("another program uses it, or it does not capture video")


def _status_fault(status: int, parts: SplitResult) -> OpenFault:
    if status == HTTPStatus.UNAUTHORIZED and parts.username is None:
        return OpenFault("a user name and a password are required (401)")
    if status >= HTTPStatus.BAD_REQUEST:
        return STATUS_FAULTS.get(status, OpenFault(f"the camera answers with status {status}"))
    return OpenFault("the camera answers, but no video arrives", may_be_slow=True)


def _request(address: tuple[str, int], parts: SplitResult, timeout_s: float) -> int:
    """Request the stream and return the status, with credentials if required. Raises what is in FAULTS."""
    with _connect(address, parts, timeout_s) as connection:
        answer = _ask(connection, parts, None)
    if answer.status == HTTPStatus.UNAUTHORIZED and parts.username is not None:
        with _connect(address, parts, timeout_s) as connection:
            answer = _ask(connection, parts, answer.challenges)
    return answer.status


def _connect(address: tuple[str, int], parts: SplitResult, timeout_s: float) -> socket.socket:
    """Connect, with TLS where the scheme is of TLS. Raises OSError and SilentError."""
    connection = socket.create_connection(address, timeout_s)
    if parts.scheme in ("https", "rtsps"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as FFmpeg (tls_verify=0)
        try:
            return context.wrap_socket(connection, server_hostname=address[0])
        except TimeoutError as error:
            raise SilentError from error
    return connection


def _ask(connection: socket.socket, parts: SplitResult, challenges: list[str] | None) -> Answer:
    """Send one request, with credentials where there are `challenges`. Raises SilentError and ProtocolError."""
    host = parts.netloc.rpartition("@")[2]
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    if parts.scheme.startswith("rtsp"):
        method, target = "DESCRIBE", f"{parts.scheme}://{host}{path}"
        lines = [f"{method} {target} RTSP/1.0", "CSeq: 1", "Accept: application/sdp"]
    else:
        method, target = "GET", path
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    if challenges is not None:
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        lines.append(f"Authorization: {authorization(challenges, method, target, user, password)}")
    try:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as stream:
            return _parse(stream)
    except TimeoutError as error:
        raise SilentError from error
    except OSError as error:
        raise ProtocolError from error


def _parse(stream: BinaryIO) -> Answer:
    """Read the head of a response. Raises ProtocolError and OSError."""
    status_line = STATUS_LINE.match(stream.readline(MAX_LINE_BYTES))
    if status_line is None:
        raise ProtocolError
    lines = iter(lambda: stream.readline(MAX_LINE_BYTES).decode("latin-1").strip(), "")
    fields = [line.partition(":") for line in islice(lines, MAX_LINES)]
    return Answer(
        int(status_line[1]), [value.strip() for name, _, value in fields if name.lower() == "www-authenticate"]
    )
