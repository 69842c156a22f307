"""Access to the public port: who is let in, who is not, and what every answer forbids the browser."""

import logging
import socket
from collections.abc import Iterator

import pytest

from common.server import media
from common.telemetry.console_log import configure_logging
from tests.support.servers import PATIENCE_S, UPGRADE, Server, ask, serving

TOKEN = "open-sesame"
PATHS = ("/", "/readyz", "/metrics", "/api/stats", "/snapshot.jpg", "/stream.mjpg", "/static/page/page.js")
GUARDED = tuple(path for path in PATHS if path != "/readyz")
FOREIGN = (
    "http://evil.example",
    "https://evil.example",
    "null",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "",
)


@pytest.fixture
def server() -> Iterator[Server]:
    """On loopback, where no token is asked for."""
    with serving() as server:
        yield server


@pytest.fixture
def guarded() -> Iterator[Server]:
    """As it is on an address that others can reach."""
    with serving(TOKEN) as server:
        yield server


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_websocket_from_a_foreign_page_is_refused(server: Server, origin: str) -> None:
    assert server.ask("/ws/ui", {**UPGRADE, "Origin": origin}).status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_request_from_a_foreign_page_is_refused(server: Server, path: str) -> None:
    assert server.ask(path, {"Origin": "http://evil.example"}).status == 403


def test_the_own_page_may_connect(server: Server) -> None:
    for name in ("127.0.0.1", "localhost"):
        own = {"Host": f"{name}:{server.port}", "Origin": f"http://{name}:{server.port}"}
        assert server.ask("/ws/ui", {**UPGRADE, **own}).status == 101
        assert server.ask("/api/stats", own).status == 200


def test_programs_that_send_no_origin_may_connect(server: Server) -> None:
    assert server.ask("/ws/ui", UPGRADE).status == 101
    assert server.ask("/api/stats").status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "10.0.0.1"])
def test_a_foreign_name_that_leads_to_loopback_is_refused(server: Server, host: str) -> None:
    host = host.format(port=server.port)
    assert server.ask("/", {"Host": host}).status == 403
    assert server.ask("/ws/ui", {**UPGRADE, "Host": host, "Origin": f"http://{host}"}).status == 403


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "localhost"])
def test_every_name_of_loopback_is_let_in(server: Server, host: str) -> None:
    assert server.ask("/", {"Host": host.format(port=server.port)}).status == 200


def test_the_page_and_its_parts_are_served(server: Server) -> None:
    page = server.ask("/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
    assert b"static/page/page.js" in page.body
    script = server.ask("/static/page/page.js")
    assert script.headers["Content-Type"].endswith("/javascript")
    # Page and scripts of two versions never meet: a browser asks for each of them anew, and is told that it has it.
    assert [answer.headers["Cache-Control"] for answer in (page, script)] == ["no-cache"] * 2
    assert server.ask("/static/page/page.js", {"If-None-Match": script.headers["ETag"]}).status == 304


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"])
def test_nothing_beside_the_page_is_served(server: Server, path: str) -> None:
    assert server.ask(path).status in (403, 404)


@pytest.mark.parametrize("path", [*GUARDED, "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "vision_token_7001=wrong"}, {"Authorization": "Bearer ÿ"}],
)
def test_without_the_token_nothing_is_given_out(guarded: Server, path: str, headers: dict[str, str]) -> None:
    assert guarded.ask(path, headers).status == 401


def test_without_the_token_no_websocket_opens(guarded: Server) -> None:
    assert guarded.ask("/ws/ui", UPGRADE).status == 401


@pytest.mark.parametrize("query", ["token=wrong", "token=", f"token={TOKEN}x", f"TOKEN={TOKEN}", "token=%C3%A9"])
def test_a_wrong_token_in_the_address_opens_nothing(guarded: Server, query: str) -> None:
    answer = guarded.ask(f"/?{query}")
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


def test_the_token_of_the_link_becomes_a_cookie_and_leaves_the_address(guarded: Server) -> None:
    answer = guarded.ask(f"/?token={TOKEN}&credit=2")
    assert answer.status == 303
    assert answer.headers["Location"] == "/?credit=2"
    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert guarded.ask("/", {"Cookie": value}).status == 200


def test_two_copies_of_the_app_on_a_machine_leave_each_other_their_cookies(guarded: Server) -> None:
    with serving("another-secret") as other:
        cookies = [
            server.ask(f"/?token={token}").headers["Set-Cookie"].split("; ")[0]
            for server, token in ((guarded, TOKEN), (other, "another-secret"))
        ]
        assert len({cookie.partition("=")[0] for cookie in cookies}) == 2
        both = {"Cookie": "; ".join(cookies)}
        assert [guarded.ask("/", both).status, other.ask("/", both).status] == [200, 200]


@pytest.mark.parametrize("host", ["localhost:99999", "localhost:-1", "localhost:port"])
def test_a_host_with_a_port_that_there_is_not_is_refused_and_fills_no_log(
    server: Server, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.ask("/", {"Host": host}).status == 400
    assert server.ask("/ws/ui", {**UPGRADE, "Host": host}).status == 400
    assert caplog.text == ""


def test_the_redirect_stays_on_this_host(guarded: Server) -> None:
    for path in ("//evil.example/", "/%2f/evil.example", "/\\evil.example"):
        location = guarded.ask(f"{path}?token={TOKEN}").headers["Location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))


def test_cookie_and_bearer_are_both_accepted(guarded: Server) -> None:
    for headers in ({"Cookie": f"vision_token_7001={TOKEN}"}, {"Authorization": f"Bearer {TOKEN}"}):
        assert guarded.ask("/ws/ui", {**UPGRADE, **headers}).status == 101
        for path in ("/", "/metrics", "/api/stats", "/static/page/page.js"):
            assert guarded.ask(path, headers).status == 200


def test_a_token_does_not_open_the_door_to_foreign_pages(guarded: Server) -> None:
    headers = {**UPGRADE, "Cookie": f"vision_token_7001={TOKEN}", "Origin": "http://evil.example"}
    assert guarded.ask("/ws/ui", headers).status == 403


def test_health_is_told_without_a_token(guarded: Server) -> None:
    assert guarded.ask("/healthz").status == 200
    assert guarded.ask("/readyz").status == 503


def test_every_answer_carries_the_security_headers(guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
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
        417: guarded.ask("/", {**bearer, "Expect": "the unexpected"}),
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


def test_a_foreign_name_will_do_where_a_token_is_asked_for(guarded: Server) -> None:
    names = {"Host": "road.example", "Origin": "https://road.example"}
    assert guarded.ask("/ws/ui", {**UPGRADE, **names}).status == 401
    assert guarded.ask("/ws/ui", {**UPGRADE, **names, "Authorization": f"Bearer {TOKEN}"}).status == 101


def test_behind_a_proxy_that_ends_tls_the_cookie_goes_by_https_only(guarded: Server) -> None:
    answer = guarded.ask(f"/?token={TOKEN}", {"Host": "road.example", "X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_request_can_change_nothing(server: Server, method: str) -> None:
    assert [server.ask(path, method=method).status for path in PATHS] == [405] * len(PATHS)
    assert server.ask("/", {"Origin": "http://evil.example"}, method).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("kind", ["no-cors/image", "no-cors/script", "cors/empty", "navigate/iframe", "navigate/embed"])
def test_a_foreign_page_may_show_nothing_of_it(server: Server, site: str, kind: str) -> None:
    mode, _, destination = kind.partition("/")
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    assert [server.ask(path, headers).status for path in PATHS] == [403] * len(PATHS)


def test_a_foreign_page_may_link_to_it(server: Server) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask("/", headers).status == 200


def test_secrets_are_compared_in_a_time_that_tells_nothing(guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def note(given: bytes, secret: bytes) -> bool:
        compared.append((given, secret))
        return False

    monkeypatch.setattr("hmac.compare_digest", note)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.ask(f"/?token={TOKEN}").status == 401
    assert guarded.ask("/", {"Cookie": f"vision_token_7001={TOKEN}"}).status == 401
    assert guarded.ask("/", bearer).status == 401
    assert compared.count((TOKEN.encode(), TOKEN.encode())) == 3
    own = f"Bearer {guarded.ingest_token}"
    assert ask(guarded.ingest_port, "/ingest", {**UPGRADE, "Authorization": own}).status == 401
    assert compared[-1] == (own.encode(), own.encode())


@pytest.mark.parametrize(
    "line", ["GET /?token={} HTTP/9.x", "GET /?token={}\0 HTTP/1.1", "{} / HTTP/1.1", "GET / HTTP/1.1\r\nCookie {}"]
)
def test_a_request_that_cannot_be_read_is_neither_repeated_nor_logged(
    guarded: Server, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_connection(("127.0.0.1", guarded.port), PATIENCE_S) as peer:
        peer.sendall(f"{line.format(TOKEN)}\r\n\r\n".encode())
        said = b"".join(iter(lambda: peer.recv(1 << 16), b"")).decode()
    assert " 400 Bad Request" in said
    assert "Content-Security-Policy: default-src 'none'" in said
    assert TOKEN not in said + caplog.text


def test_no_token_is_ever_logged(guarded: Server, caplog: pytest.LogCaptureFixture) -> None:
    configure_logging(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    logging.getLogger().debug("the log is kept")
    for path in (f"/?token={TOKEN}", f"/nowhere?token={TOKEN}", "/?token=almost-right", f"/ws/ui?token={TOKEN}"):
        guarded.ask(path)
    guarded.ask("/ws/ui?credit=none", {**UPGRADE, "Authorization": f"Bearer {TOKEN}"})
    guarded.ask("/api/stats", {"Cookie": f"vision_token_7001={TOKEN}"})
    assert "the log is kept" in caplog.text
    assert TOKEN not in caplog.text
    assert "almost-right" not in caplog.text
