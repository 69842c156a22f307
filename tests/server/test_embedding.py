"""Pages of allowed origins embed the page and its images; those of other origins embed nothing."""

from collections.abc import Iterator

import pytest

from common.server import media
from tests.support.servers import UPGRADE, Server, serving

HOME, OTHER_HOME, EVIL = "https://home.example:8123", "http://10.0.0.5", "https://evil.example"
TOKEN = "open-sesame"
IMAGES = ("/snapshot.jpg", "/stream.mjpg")
FRAME = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(allowed_origins=(HOME, OTHER_HOME)) as server:
        yield server


@pytest.fixture
def guarded() -> Iterator[Server]:
    with serving(TOKEN, allowed_origins=(HOME,)) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "FIRST_FRAME_S", 0.05)


def test_the_policy_of_the_page_names_the_allowed_origins_and_no_others(server: Server) -> None:
    page = server.ask("/", FRAME)
    assert page.status == 200
    assert f"frame-ancestors {HOME} {OTHER_HOME};" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", IMAGES)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_an_image_is_embedded_by_allowed_origins_only(server: Server, path: str, site: str) -> None:
    def status(referer: str | None) -> int:
        headers = {**IMAGE, "Sec-Fetch-Site": site}
        return server.ask(path, headers if referer is None else {**headers, "Referer": referer}).status

    assert [status(f"{origin}/") for origin in (HOME, OTHER_HOME)] == [200 if path == "/stream.mjpg" else 503] * 2
    refused = (f"{EVIL}/", f"{EVIL}/{HOME}/", f"{HOME}.evil.example/", "https://home.example/", "", "http://[", None)
    assert {referer: status(referer) for referer in refused} == dict.fromkeys(refused, 403)


def test_an_embedded_image_may_cross_origins_and_nothing_else_may(server: Server) -> None:
    policy = "Cross-Origin-Resource-Policy"
    assert server.ask("/stream.mjpg", {**IMAGE, "Referer": f"{HOME}/"}).headers[policy] == "cross-origin"
    assert server.ask("/stream.mjpg").headers[policy] == "same-origin"
    assert server.ask("/", FRAME | {"Sec-Fetch-Site": "same-origin"}).headers[policy] == "same-origin"


@pytest.mark.parametrize("kind", ["no-cors/script", "no-cors/style", "cors/empty", "navigate/object", "websocket/"])
def test_an_allowed_origin_may_embed_frames_and_images_only(server: Server, kind: str) -> None:
    mode, _, destination = kind.partition("/")
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    assert server.ask("/", {**headers, "Referer": f"{HOME}/"}).status == 403


def test_a_page_of_an_allowed_origin_may_open_the_stream(server: Server) -> None:
    origins = [HOME, OTHER_HOME, EVIL, "null", f"{HOME}.evil.example", HOME.replace("https", "http")]
    statuses = [server.ask("/ws/ui", {**UPGRADE, "Origin": origin}).status for origin in origins]
    assert statuses == [101, 101, 403, 403, 403, 403]


@pytest.mark.parametrize("path", IMAGES)
def test_an_image_without_a_referer_is_embedded_with_the_token_in_its_url(guarded: Server, path: str) -> None:
    assert guarded.ask(f"{path}?token={TOKEN}", IMAGE).status in (200, 503)
    assert guarded.ask(f"{path}?token={TOKEN}x", IMAGE).status == 403
    assert guarded.ask(path, {**IMAGE, "Referer": f"{HOME}/"}).status == 401


@pytest.mark.parametrize("path", ["/", *IMAGES])
def test_the_token_does_not_open_a_default_that_is_closed(path: str) -> None:
    with serving(TOKEN) as server:
        assert [server.ask(f"{path}?token={TOKEN}", headers).status for headers in (FRAME, IMAGE)] == [403, 403]


def test_in_a_frame_the_token_becomes_a_part_of_the_path_instead_of_a_cookie(guarded: Server) -> None:
    answer = guarded.ask(f"/?token={TOKEN}&credit=2", FRAME)
    assert (answer.status, answer.headers["Location"]) == (303, f"token/{TOKEN}/?credit=2")
    assert "Set-Cookie" not in answer.headers
    folder = f"/token/{TOKEN}"
    assert guarded.ask(f"{folder}/", FRAME).status == 200
    own = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://127.0.0.1:{guarded.port}"}
    assert guarded.ask(f"{folder}/static/page/page.js", own).status == 200
    assert guarded.ask(f"{folder}/ws/ui", {**UPGRADE, **own}).status == 101


@pytest.mark.parametrize("path", ["/", "/ws/ui", "/static/page/page.js", "/api/stats", "/snapshot.jpg"])
def test_a_wrong_token_in_the_path_is_refused(guarded: Server, path: str) -> None:
    upgrade = UPGRADE if path == "/ws/ui" else {}
    assert [guarded.ask(f"/token/{token}{path}", upgrade).status for token in ("wrong", TOKEN + "x")] == [401, 401]


def test_without_a_token_there_is_no_path_with_one(server: Server) -> None:
    assert server.ask("/token/anything/").status == 404
