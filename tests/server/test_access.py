"""The checks of the public port other than the token: host, origin, methods, and the headers of every response."""

import socket
from collections.abc import Iterator

import pytest

from common.server import media
from tests.support.servers import UPGRADE, Server, serving

TOKEN = "open-sesame"
PATHS = ("/", "/readyz", "/metrics", "/api/stats", "/api/events", "/api/detections", "/snapshot.jpg",
         "/stream.mjpg", "/static/page/page.js")  # fmt: skip
FOREIGN_ORIGINS = (
    "http://evil.example",
    "https://evil.example",
    "null",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "",
)


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server with a token, as on an address other than loopback."""
    with serving(TOKEN) as server:
        yield server


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_websocket_of_a_foreign_page_is_refused(server: Server, origin: str) -> None:
    assert server.ask("/ws/ui", {**UPGRADE, "Origin": origin}).status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_request_of_a_foreign_page_is_refused(server: Server, path: str) -> None:
    assert server.ask(path, {"Origin": "http://evil.example"}).status == 403


def test_the_page_itself_may_connect(server: Server) -> None:
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{server.port}", "Origin": f"http://{name}:{server.port}"}
        assert server.ask("/ws/ui", {**UPGRADE, **own}).status == 101
        assert server.ask("/api/stats", own).status == 200


def test_programs_without_an_origin_may_connect(server: Server) -> None:
    assert server.ask("/ws/ui", UPGRADE).status == 101
    assert server.ask("/api/stats").status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "10.0.0.1"])
def test_without_a_token_a_foreign_host_name_is_refused(server: Server, host: str) -> None:
    host = host.format(port=server.port)
    assert server.ask("/", {"Host": host}).status == 403
    assert server.ask("/ws/ui", {**UPGRADE, "Host": host, "Origin": f"http://{host}"}).status == 403


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "localhost"])
def test_every_name_of_loopback_is_accepted(server: Server, host: str) -> None:
    assert server.ask("/", {"Host": host.format(port=server.port)}).status == 200


def test_with_a_token_every_host_name_is_accepted(guarded: Server) -> None:
    names = {"Host": "road.example", "Origin": "https://road.example"}
    assert guarded.ask("/ws/ui", {**UPGRADE, **names}).status == 401
    assert guarded.ask("/ws/ui", {**UPGRADE, **names, "Authorization": f"Bearer {TOKEN}"}).status == 101


@pytest.mark.parametrize("host", ["localhost:99999", "localhost:-1", "localhost:port"])
def test_an_invalid_port_in_the_host_is_refused_and_not_logged(
    server: Server, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.ask("/", {"Host": host}).status == 400
    assert server.ask("/ws/ui", {**UPGRADE, "Host": host}).status == 400
    assert caplog.text == ""


def test_the_page_and_its_files_are_served(server: Server) -> None:
    page = server.ask("/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
    assert b"static/page/page.js" in page.body
    script = server.ask("/static/page/page.js")
    assert script.headers["Content-Type"].endswith("/javascript")
    # A browser asks for each file again after an update, so that it never combines two versions.
    assert [answer.headers["Cache-Control"] for answer in (page, script)] == ["no-cache"] * 2
    unchanged = server.ask("/static/page/page.js", {"If-None-Match": script.headers["ETag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/",
        "/static/page",
        "/static/page/",
        "/static/page/%2e%2e/%2e%2e/app.py",
    ],
)
def test_no_file_outside_static_is_served(server: Server, path: str) -> None:
    assert server.ask(path).status in (403, 404)


def test_every_response_has_the_security_headers(guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "FIRST_FRAME_S", 0.1)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answers = {
        101: guarded.ask("/ws/ui", {**UPGRADE, **bearer}),
        200: guarded.ask("/", bearer),
        303: guarded.ask(f"/?token={TOKEN}"),
        400: guarded.ask("/", {"Host": "a\tb", "Content-Length": "many"}),
        401: guarded.ask("/"),
        403: guarded.ask("/", {**bearer, "Origin": "null"}),
        404: guarded.ask("/nowhere", bearer),
        405: guarded.ask("/", bearer, "POST"),
        417: guarded.ask("/", {**bearer, "Expect": "unknown"}),
        503: guarded.ask("/snapshot.jpg", bearer),
    }
    for status, answer in answers.items():
        assert answer.status == status
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert not {"unsafe-inline", "unsafe-eval", "*"} & set(policy.replace("'", "").split())
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_request_can_change_anything(server: Server, method: str) -> None:
    assert [server.ask(path, method=method).status for path in PATHS] == [405] * len(PATHS)
    assert server.ask("/", {"Origin": "http://evil.example"}, method).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("kind", ["no-cors/image", "no-cors/script", "cors/empty", "navigate/iframe", "navigate/embed"])
def test_foreign_page_cannot_embed_anything(server: Server, site: str, kind: str) -> None:
    mode, _, destination = kind.partition("/")
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    assert [server.ask(path, headers).status for path in PATHS] == [403] * len(PATHS)


def test_a_foreign_page_may_link_to_the_page(server: Server) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask("/", headers).status == 200


def test_redirects_are_relative_so_that_they_work_below_a_path_of_a_proxy(guarded: Server) -> None:
    assert guarded.ask(f"/?token={TOKEN}").headers["Location"] == "./"


def test_a_token_after_several_slashes_redirects_to_no_other_host(guarded: Server) -> None:
    for path in ("//evil.example/", "/%2f/evil.example", "/\\evil.example", "//"):
        with socket.create_connection(("127.0.0.1", guarded.port), 10) as peer:
            peer.sendall(f"GET {path}?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head = b"".join(iter(lambda: peer.recv(1 << 16), b"")).partition(b"\r\n\r\n")[0].decode()
        locations = [line for line in head.splitlines() if line.lower().startswith("location:")]
        assert locations in ([], ["Location: ./"]), head
