"""Why a camera cannot be opened: wrong path, host, port or password, and silence, from real sockets on loopback."""

import hashlib
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from common.capture.diagnose import diagnose

TIMEOUT_S = 1.0
CREDENTIALS = "admin:s%2Fcret"
DIGEST = 'Digest realm="cam", nonce="abc", algorithm=MD5'


@contextmanager
def answering(*heads: str) -> Iterator[tuple[int, list[str]]]:
    """Serve `heads` on a port, one a connection ("" for none); yield the port and the requests received."""
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for head in heads:
                connection = server.accept()[0]
                with connection:
                    requests.append(connection.recv(65536).decode("latin-1"))
                    if head:
                        connection.sendall(f"{head}\r\n\r\n".encode())
                    else:
                        ended.wait(10)

        ended = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], requests
        finally:
            ended.set()
            thread.join(10)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
@pytest.mark.parametrize(
    ("status", "reason", "may_be_slow"),
    [
        ("404 Not Found", "no stream at this path (404)", False),
        ("403 Forbidden", "access denied (403)", False),
        ("401 Unauthorized", "a user name and a password are required (401)", False),
        ("503 Service Unavailable", "the camera answers with status 503", False),
        ("200 OK", "the camera answers, but no video arrives", True),
    ],
)
def test_the_status_of_the_answer_is_the_reason(scheme: str, status: str, reason: str, may_be_slow: bool) -> None:
    protocol = "RTSP/1.0" if scheme == "rtsp" else "HTTP/1.1"
    with answering(f"{protocol} {status}") as (port, requests):
        assert diagnose(f"{scheme}://127.0.0.1:{port}/stream?channel=1", TIMEOUT_S) == (reason, may_be_slow)
    target = f"rtsp://127.0.0.1:{port}/stream?channel=1" if scheme == "rtsp" else "/stream?channel=1"
    assert requests[0].split()[1] == target


def test_a_refused_connection_and_an_unknown_host_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert diagnose(f"rtsp://127.0.0.1:{port}/", TIMEOUT_S).reason.startswith("connection refused")
    assert diagnose("rtsp://no-such-camera.invalid/", TIMEOUT_S).reason == "unknown host"


def test_a_host_that_does_not_answer_is_named() -> None:
    with socket.socket() as full:  # a backlog that is full drops further connections
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            assert diagnose(f"rtsp://127.0.0.1:{address[1]}/", 0.3) == ("the host does not answer", False)


@pytest.mark.parametrize("scheme", ["rtsp", "http", "https"])
def test_a_silent_server_may_be_slow(scheme: str) -> None:
    with answering("") as (port, _):
        fault = diagnose(f"{scheme}://127.0.0.1:{port}/", 0.3)
    assert fault == ("the server accepts the connection, but does not answer", True)


@pytest.mark.parametrize("head", ["SSH-2.0-OpenSSH_9.2", "hello"])
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_another_protocol_is_named(head: str, scheme: str) -> None:
    with answering(head) as (port, _):
        fault = diagnose(f"{scheme}://127.0.0.1:{port}/", TIMEOUT_S)
    assert fault.reason == "the server does not use the protocol of this URL"


@pytest.mark.parametrize("scheme", ["rtsps", "https"])
def test_a_server_without_tls_is_named(scheme: str) -> None:
    with answering("HTTP/1.1 400 Bad Request") as (port, _):
        assert diagnose(f"{scheme}://127.0.0.1:{port}/", TIMEOUT_S).reason == "the server does not use TLS"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("scheme", "method", "target"), [("rtsp", "DESCRIBE", "rtsp://127.0.0.1:{}/1?a=b"), ("http", "GET", "/1?a=b")]
)
@pytest.mark.parametrize("qop", ["", ', qop="auth,auth-int"'])
def test_wrong_password_and_wrong_path_are_distinguished_with_digest(
    scheme: str, method: str, target: str, qop: str
) -> None:
    protocol = "RTSP/1.0" if scheme == "rtsp" else "HTTP/1.1"
    challenge = f"{protocol} 401 Unauthorized\r\nWWW-Authenticate: {DIGEST}{qop}"
    for second, reason in ((challenge, "wrong user name or password (401)"), (f"{protocol} 404 No", "no stream at")):
        with answering(challenge, second) as (port, requests):
            fault = diagnose(f"{scheme}://{CREDENTIALS}@127.0.0.1:{port}/1?a=b", TIMEOUT_S)
        assert fault.reason.startswith(reason)
        fields = dict(re.findall(r'(\w+)="?([^",\r]*)', requests[1].split("Digest ")[1]))
        first, last = md5("admin:cam:s/cret"), md5(f"{method}:{target.format(port)}")
        middle = f"abc:00000001:{fields['cnonce']}:auth" if qop else "abc"
        assert fields["response"] == md5(f"{first}:{middle}:{last}")
        assert "s/cret" not in "".join(requests) + fault.reason


def test_basic_credentials_are_sent_where_they_are_asked_for() -> None:
    challenge = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"'
    with answering(challenge, "HTTP/1.1 200 OK") as (port, requests):
        assert diagnose(f"http://{CREDENTIALS}@127.0.0.1:{port}/", TIMEOUT_S).may_be_slow
    assert "Authorization" not in requests[0]
    assert f"Authorization: Basic {b64encode(b'admin:s/cret').decode()}" in requests[1]


@pytest.mark.parametrize("url", ["rtsp://admin:hid/den@127.0.0.1/1", "http://[::1/", "rtsp://127.0.0.1:99999/"])
def test_an_invalid_url_is_named_without_any_part_of_it(url: str) -> None:
    fault = diagnose(url, TIMEOUT_S)
    assert fault.reason.startswith("not a valid URL")
    assert "hid" not in fault.reason


def test_an_index_without_a_device_is_named() -> None:
    assert diagnose(97).reason in ("/dev/video97 does not exist", "no such camera, or another program uses it")
