"""POST /api/regions: what is drawn is written to the settings file, with leave, for those who may view."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.servers import NO_HEADERS, Answer, Server, next_text, serving

LINE = {"name": "road", "points": [[0.2, 0.5], [0.9, 0.5]]}
TEXT = "# mine\n[[processors]]\nname = 'main'  # the only one\n"
SAVED = TEXT + '\n[[processors.lines]]\nname = "road"\npoints = [[0.2, 0.5], [0.9, 0.5]]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "vision.toml"
    file.write_text(TEXT)
    return file


@pytest.fixture
def server(file: Path) -> Iterator[Server]:
    with serving(settings_file=file) as server:
        yield server


def save(server: Server, query: str = "?processor=main", headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    return server.ask(f"/api/regions{query}", headers, "POST")


async def draw(server: Server) -> None:
    async with server.viewer() as viewer:
        assert (await next_text(viewer, "hello"))["may_save"]
        await viewer.send(json.dumps({"type": "regions", "processor": "main", "lines": [LINE]}))
        assert (await next_text(viewer, "hello"))["processors"][0]["lines"] == [LINE]


def test_what_is_in_force_is_written_and_the_rest_stays(server: Server, file: Path) -> None:
    asyncio.run(draw(server))
    answer = save(server)
    assert (answer.status, answer.body) == (200, b"Saved to vision.toml.")
    assert file.read_text() == SAVED
    assert save(server).status == 200
    assert file.read_text() == SAVED


def test_the_reason_why_nothing_is_written_is_answered(server: Server, file: Path) -> None:
    asyncio.run(draw(server))
    answer = save(server, "?processor=<b>")
    assert (answer.status, answer.body) == (409, b"no processor <b>; the processors are main")
    assert answer.headers["Content-Type"].startswith("text/plain")
    file.write_text("")
    answer = save(server)
    assert (answer.status, answer.body[:53]) == (409, b"vision.toml is not saved: it has changed since the ap")
    assert file.read_text() == ""


async def test_without_leave_nothing_is_saved() -> None:
    with serving() as server:
        assert (save(server).status, save(server).body) == (403, b"saving needs a settings file and --allow-save")
        async with server.viewer() as viewer:
            assert not (await next_text(viewer, "hello"))["may_save"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Host": "evil.example"},
    ],
)
def test_a_page_of_another_origin_cannot_save(server: Server, file: Path, headers: dict[str, str]) -> None:
    asyncio.run(draw(server))
    assert save(server, headers=headers).status == 403
    assert file.read_text() == TEXT


def test_a_page_that_may_embed_the_app_cannot_save(file: Path) -> None:
    origin = "https://home.example"
    with serving(allowed_origins=(origin,), settings_file=file) as server:
        asyncio.run(draw(server))
        assert server.ask("/api/stats", {"Origin": origin}).status == 200
        assert save(server, headers={"Origin": origin}).status == 403
        assert save(server, headers={"Origin": f"http://127.0.0.1:{server.port}"}).status == 200


def test_saving_needs_the_token(file: Path) -> None:
    with serving("open-sesame", settings_file=file) as server:
        assert save(server).status == 401
        assert save(server, headers={"Authorization": "Bearer open-sesame"}).status == 200
        assert server.ask("/token/open-sesame/api/regions?processor=main", method="POST").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    assert server.ask("/api/regions?processor=main", method=method).status == 405
