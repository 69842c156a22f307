"""The token: which requests need it, the ways to send it, and that it is neither leaked nor logged."""

import base64
import logging
import re
import socket
from collections.abc import Iterator
from urllib.parse import quote

import cv2
import pytest

from common.server import media
from common.telemetry.console_log import configure_logging
from tests.support.servers import PATIENCE_S, UPGRADE, Server, ask, frame, serving, until_viewers

TOKEN = "open sesame/ü%?"
QUOTED = quote(TOKEN, safe="")
PROGRAM_PATHS = ("/metrics", "/api/stats", "/api/events", "/api/detections", "/snapshot.jpg", "/stream.mjpg",
                 "/static/page/page.js")  # fmt: skip
GUARDED = ("/", *PROGRAM_PATHS)
DAY_S = 24 * 3600


@pytest.fixture
def guarded() -> Iterator[Server]:
    with serving(TOKEN) as server:
        yield server


@pytest.fixture
def ascii_guarded() -> Iterator[Server]:
    """With a token that needs no encoding."""
    with serving("open-sesame") as server:
        yield server


@pytest.fixture(autouse=True)
def _no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "FIRST_FRAME_S", 0.05)


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def accepted(server: Server, path: str, headers: dict[str, str] | None = None) -> bool:
    """Whether a request passes the token check; without video."""
    return server.ask(path, headers or {}).status in (101, 200, 503)


@pytest.mark.parametrize("path", [*GUARDED, "/nowhere"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ÿ"},
        {"Authorization": "Basic open-sesame"},
        {"Authorization": basic("open-sesame", "wrong")},
        {"Authorization": "Basic ÿ"},
        {"Authorization": "Digest open-sesame"},
        {"Cookie": "vision_token_7001=wrong"},
    ],
    ids=str,
)
def test_without_the_token_a_request_is_refused(ascii_guarded: Server, path: str, headers: dict[str, str]) -> None:
    assert ascii_guarded.ask(path, headers).status == 401


def test_without_the_token_a_websocket_is_refused(guarded: Server) -> None:
    assert guarded.ask("/ws/ui", UPGRADE).status == 401


def test_health_checks_need_no_token(guarded: Server) -> None:
    assert guarded.ask("/healthz").status == 200
    assert guarded.ask("/readyz").status == 503


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_accepted_whatever_the_case_of_the_scheme(ascii_guarded: Server, scheme: str) -> None:
    for path in (*GUARDED, "/ws/ui"):
        upgrade = UPGRADE if path == "/ws/ui" else {}
        assert accepted(ascii_guarded, path, {**upgrade, "Authorization": f"{scheme} open-sesame"})


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
@pytest.mark.parametrize("user", ["", "admin", "anyone at all"])
def test_the_token_is_accepted_as_the_password_of_any_user(guarded: Server, scheme: str, user: str) -> None:
    authorization = basic(user, TOKEN).replace("Basic", scheme)
    for path in (*GUARDED, "/ws/ui"):
        upgrade = UPGRADE if path == "/ws/ui" else {}
        assert accepted(guarded, path, {**upgrade, "Authorization": authorization})


def test_programs_are_asked_for_basic_credentials_and_browsers_are_not(guarded: Server) -> None:
    assert guarded.ask("/stream.mjpg").headers["WWW-Authenticate"].startswith("Basic ")
    browser = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert "WWW-Authenticate" not in guarded.ask("/", browser).headers
    # Without TLS and beyond loopback a browser sends no Sec-Fetch headers.
    assert "WWW-Authenticate" not in guarded.ask("/", {"Accept": "text/html,*/*;q=0.8"}).headers


def test_the_page_that_asks_for_the_token_is_in_no_frame_and_runs_no_script(guarded: Server) -> None:
    answer = guarded.ask("/?token=<script>", {"Accept": "text/html"})
    assert answer.status == 401
    assert b"<script" not in answer.body
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy


async def test_ffmpeg_plays_the_stream_with_the_token_as_its_password(ascii_guarded: Server) -> None:
    import asyncio

    url = f"http://viewer:open-sesame@127.0.0.1:{ascii_guarded.port}/stream.mjpg"
    async with ascii_guarded.role() as role:
        playing = asyncio.create_task(asyncio.to_thread(plays, url))
        await until_viewers(role, 1)
        while not playing.done():
            await role.send(frame(1))
            await asyncio.sleep(1 / 60)
    assert await playing


def plays(url: str) -> bool:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE_S * 1000))
    taken, _ = capture.read()
    capture.release()
    return taken


@pytest.mark.parametrize("path", PROGRAM_PATHS)
def test_the_token_in_the_url_is_answered_at_once_to_programs_which_keep_no_cookies(guarded: Server, path: str) -> None:
    answer = guarded.ask(f"{path}?token={QUOTED}")
    assert answer.status in (200, 503)
    assert "Set-Cookie" not in answer.headers


def test_the_token_in_the_url_opens_a_websocket(guarded: Server) -> None:
    assert guarded.ask(f"/ws/ui?token={QUOTED}&credit=2", UPGRADE).status == 101


@pytest.mark.parametrize("path", ["/", "/stream.mjpg"])
@pytest.mark.parametrize("query", ["token=wrong", "token=", "token=open-sesame1", "TOKEN=open-sesame", "token=%C3%A9"])
def test_a_wrong_token_in_the_url_is_refused(ascii_guarded: Server, path: str, query: str) -> None:
    answer = ascii_guarded.ask(f"{path}?{query}")
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


def test_the_page_puts_the_token_into_a_cookie_and_redirects_to_a_url_without_it(guarded: Server) -> None:
    answer = guarded.ask(f"/?token={QUOTED}&credit=2")
    assert answer.status == 303
    assert answer.headers["Location"] == "./?credit=2"
    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert guarded.ask("/", {"Cookie": value}).status == 200
    assert guarded.ask("/ws/ui", {**UPGRADE, "Cookie": value}).status == 101


def test_the_cookie_outlives_the_browser(guarded: Server) -> None:
    cookie = guarded.ask(f"/?token={QUOTED}").headers["Set-Cookie"]
    age = re.search(r"Max-Age=(\d+)", cookie)
    assert age
    assert int(age[1]) == 400 * DAY_S


def test_the_cookie_is_for_the_folder_of_the_page_which_is_below_the_path_of_a_proxy(guarded: Server) -> None:
    assert "Path=" not in guarded.ask(f"/?token={QUOTED}").headers["Set-Cookie"]


def test_two_copies_of_the_app_on_one_host_keep_their_cookies_apart(guarded: Server) -> None:
    with serving("another-secret") as other:
        cookies = [
            server.ask(f"/?token={token}").headers["Set-Cookie"].split("; ")[0]
            for server, token in ((guarded, QUOTED), (other, "another-secret"))
        ]
        assert len({cookie.partition("=")[0] for cookie in cookies}) == 2
        both = {"Cookie": "; ".join(cookies)}
        assert [guarded.ask("/", both).status, other.ask("/", both).status] == [200, 200]


def test_behind_a_proxy_that_terminates_tls_the_cookie_is_sent_by_https_only(guarded: Server) -> None:
    answer = guarded.ask(f"/?token={QUOTED}", {"Host": "road.example", "X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert answer.headers["Location"] == "./"


def test_the_cookie_of_another_port_is_accepted_since_browsers_send_it_to_every_port(ascii_guarded: Server) -> None:
    assert ascii_guarded.ask("/", {"Cookie": "vision_token_7001=open-sesame"}).status == 200


def test_the_token_gives_foreign_pages_no_access(ascii_guarded: Server) -> None:
    headers = {**UPGRADE, "Cookie": "vision_token_7001=open-sesame", "Origin": "http://evil.example"}
    assert ascii_guarded.ask("/ws/ui", headers).status == 403
    assert ascii_guarded.ask("/ws/ui?token=open-sesame", {**UPGRADE, "Origin": "http://evil.example"}).status == 403


def test_secrets_are_compared_in_constant_time(ascii_guarded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def record(given: bytes, secret: bytes) -> bool:
        compared.append((given, secret))
        return False

    monkeypatch.setattr("hmac.compare_digest", record)
    assert ascii_guarded.ask("/?token=open-sesame").status == 401
    assert ascii_guarded.ask("/token/open-sesame/").status == 401
    assert ascii_guarded.ask("/", {"Cookie": "vision_token_7001=open-sesame"}).status == 401
    assert ascii_guarded.ask("/", {"Authorization": "Bearer open-sesame"}).status == 401
    assert ascii_guarded.ask("/", {"Authorization": basic("user", "open-sesame")}).status == 401
    assert compared.count((b"open-sesame", b"open-sesame")) == 5
    own = f"Bearer {ascii_guarded.ingest_token}"
    assert ask(ascii_guarded.ingest_port, "/ingest", {**UPGRADE, "Authorization": own}).status == 401
    assert compared[-1] == (own.encode(), own.encode())


@pytest.mark.parametrize(
    "line", ["GET /?token={} HTTP/9.x", "GET /?token={}\0 HTTP/1.1", "{} / HTTP/1.1", "GET / HTTP/1.1\r\nCookie {}"]
)
def test_an_unreadable_request_is_neither_repeated_nor_logged(
    ascii_guarded: Server, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_connection(("127.0.0.1", ascii_guarded.port), PATIENCE_S) as peer:
        peer.sendall(f"{line.format('open-sesame')}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: peer.recv(1 << 16), b"")).decode()
    assert " 400 Bad Request" in answer
    assert "Content-Security-Policy: default-src 'none'" in answer
    assert "open-sesame" not in answer + caplog.text


def test_no_token_is_ever_logged(ascii_guarded: Server, caplog: pytest.LogCaptureFixture) -> None:
    configure_logging(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    logging.getLogger().debug("the log is captured")
    for path in ("/?token=open-sesame", "/nowhere?token=open-sesame", "/?token=almost-right", "/token/open-sesame/"):
        ascii_guarded.ask(path)
    ascii_guarded.ask("/ws/ui?token=open-sesame")
    ascii_guarded.ask("/ws/ui?credit=none", {**UPGRADE, "Authorization": "Bearer open-sesame"})
    ascii_guarded.ask("/api/stats", {"Cookie": "vision_token_7001=open-sesame"})
    ascii_guarded.ask("/api/stats", {"Authorization": basic("user", "open-sesame")})
    assert "the log is captured" in caplog.text
    for secret in ("open-sesame", "almost-right", basic("user", "open-sesame").split()[1]):
        assert secret not in caplog.text
