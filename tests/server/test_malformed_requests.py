"""Malformed requests to every route: answered with a client error, and logged with one line a second at most."""

import logging
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from common.server import media
from tests.support.servers import PATIENCE_S, Server, serving

TOKEN = "open-sesame"
PATHS = ("/", "/ws/ui", "/healthz", "/readyz", "/api/stats", "/api/events", "/api/detections", "/metrics",
         "/snapshot.jpg", "/stream.mjpg", "/static/",
         "/static/shared/base.css", "/compare", "/nowhere", "/ingest")  # fmt: skip
LONG = "x" * 7900
WEBSOCKET = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
SUFFIXES = (
    LONG,
    "%00",
    "%ff",
    "%2e%2e%2fapp.py",
    "?token=%ff",
    "?token=%00&token=",
    "?credit=%ff",
    "?since=%ff&limit=%ff",
    "?since=&limit=",
    "?limit=" + "9" * 7000,
    "?boxes=%ff",
    "?camera=%ff&camera=%00",
    "?" + "&" * 7900,
)
HEADERS = (
    WEBSOCKET + "Sec-WebSocket-Key: \xff\xff\r\n",
    WEBSOCKET + "Sec-WebSocket-Key: \r\n",
    WEBSOCKET + KEY + "Sec-WebSocket-Protocol: \xff\r\n",
    WEBSOCKET.replace("13", "\xff") + KEY,
    WEBSOCKET.replace("websocket", "\xff") + KEY,
    "Origin: \xff\r\n",
    "Sec-Fetch-Site: cross-site\r\nReferer: http://[\xff\r\n",
    "Cookie: \xff; vision_token_1=\xff; =;;\r\n",
    "Cookie: " + LONG + "\r\n",
    "Authorization: \xff\r\n",
    "Authorization: Basic \xff\r\n",
    "Authorization: Basic /w==\r\n",
    "Authorization: Basic " + LONG + "\r\n",
    "Range: bytes=\xff\r\n",
    "Range: bytes=9-1\r\nIf-Range: \xff\r\n",
    "If-Modified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
    "If-None-Match: \xff\r\n",
    "Content-Length: many\r\n",
    "Content-Length: 5\r\nContent-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked\r\nContent-Type: \xff\r\n",
    "Expect: \xff\r\n",
    "Accept-Encoding: \xff\r\nX-Forwarded-Proto: \xff\r\n",
)
HOSTS = ("\xff", "[::1", "a:99999999", "a b", "")


@pytest.fixture(params=[None, TOKEN], ids=["without a token", "with a token"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(request.param) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "FIRST_FRAME_S", 0.01)


def requests(path: str) -> Iterator[bytes]:
    """Yield malformed requests for a path."""
    host = "Host: localhost\r\n"
    for suffix in SUFFIXES:
        for headers in ("", WEBSOCKET + KEY):
            yield f"GET {path}{suffix} HTTP/1.1\r\n{host}{headers}\r\n".encode("latin-1")
    for headers in HEADERS:
        yield f"GET {path} HTTP/1.1\r\n{host}{headers}\r\nxxxxx\r\n".encode("latin-1")
        yield f"GET {path}?token={TOKEN} HTTP/1.1\r\n{host}{headers}\r\nxxxxx\r\n".encode("latin-1")
    for name in HOSTS:
        yield f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode("latin-1")
    for line in ("FOO {} HTTP/1.1", "get {} HTTP/1.1", "POST {} HTTP/1.1", "GET http://evil.example{} HTTP/1.1",
                 "GET /{} HTTP/1.1", "CONNECT {} HTTP/1.1", "OPTIONS * HTTP/1.1", "GET {} HTTP/1.0", "GET {} HTTP/9",
                 "GET {}\xff HTTP/1.1", "GET  {} HTTP/1.1", "{}"):  # fmt: skip
        yield f"{line.format(path)}\r\n{host}\r\n".encode("latin-1")


def status_of(server: Server, request: bytes) -> int:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as peer:
        peer.sendall(request)
        line = peer.makefile("rb").readline()
    match = re.match(rb"HTTP/1\.[01] (\d{3}) ", line)
    assert match, f"no answer to {request[:200]!r}: {line!r}"
    return int(match[1])


def test_no_malformed_request_is_an_error_of_the_server(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    begun = time.monotonic()
    statuses = {request: status_of(server, request) for path in PATHS for request in requests(path)}
    seconds = time.monotonic() - begun
    assert {request[:120]: status for request, status in statuses.items() if status in (500, 501, 502, 504)} == {}
    assert "Traceback" not in caplog.text
    kinds = Counter(record.msg for record in caplog.records)
    assert {kind: count for kind, count in kinds.items() if count > seconds + 1} == {}
    assert len(caplog.text.splitlines()) == len(caplog.records)
