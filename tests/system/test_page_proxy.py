"""The page below a path of a reverse proxy: all its requests and its stream go through the proxy."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, WSMsgType, web
from playwright.sync_api import Browser

from tests.support.apps import running
from tests.support.pages import opened, playing_role, wait_for_text, wait_for_video
from tests.support.servers import serving

PREFIX = "/vision"
PATIENCE_S = 30.0
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade"}  # RFC 9110, section 7.6.1


@contextmanager
def proxied(port: int) -> Iterator[str]:
    """Run a reverse proxy that passes requests below PREFIX on to `port`; return the address of that path."""
    loop = asyncio.new_event_loop()
    ready: asyncio.Future[int] = loop.create_future()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_run_proxy(port, ready, stop)))
    thread.start()
    own_port = asyncio.run_coroutine_threadsafe(_result(ready), loop).result(PATIENCE_S)
    try:
        yield f"http://localhost:{own_port}{PREFIX}/"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
        loop.close()


async def _result(future: "asyncio.Future[int]") -> int:
    return await future


async def _run_proxy(port: int, ready: "asyncio.Future[int]", stop: asyncio.Event) -> None:
    async with ClientSession(auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            url = f"http://127.0.0.1:{port}{request.raw_path.removeprefix(PREFIX)}"
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await _pass_websocket(request, session, url, headers)
            async with session.request(request.method, url, headers=headers, allow_redirects=False) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())

        app = web.Application()
        app.router.add_route("*", PREFIX + "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.set_result(runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()


async def _pass_websocket(
    request: web.Request, session: ClientSession, url: str, headers: dict[str, str]
) -> web.StreamResponse:
    own = {name: value for name, value in headers.items() if not name.lower().startswith("sec-websocket")}
    async with session.ws_connect(url, headers=own, max_msg_size=0) as upstream:
        downstream = web.WebSocketResponse()
        await downstream.prepare(request)

        async def pass_up() -> None:
            async for message in downstream:
                await upstream.send_str(message.data)
            await upstream.close()

        task = asyncio.create_task(pass_up())
        async for message in upstream:
            if message.type is WSMsgType.TEXT:
                await downstream.send_str(message.data)
            else:
                await downstream.send_bytes(message.data)
        task.cancel()
    return downstream


def test_page_works_below_a_path(browser: Browser) -> None:
    with serving() as server, playing_role(server) as role, proxied(server.port) as link:
        paths: list[str] = []
        with opened(browser, "about:blank") as page:
            page.on("request", lambda request: paths.append(urlsplit(request.url).path))
            page.on("websocket", lambda websocket: paths.append(urlsplit(websocket.url).path))
            page.goto(link)
            wait_for_text(page, "#connection", "connected")
            role.send_frame()
            wait_for_video(page)
            snapshot = page.locator("#snapshot").evaluate("(link) => link.href")
        assert f"{PREFIX}/ws/ui" in paths
        assert len(paths) > 10
        assert [path for path in paths if not path.startswith(f"{PREFIX}/")] == []
        assert snapshot == f"{link}snapshot.jpg"


def test_token_in_the_link_works_below_a_path(browser: Browser) -> None:
    with (
        serving("open-sesame") as server,
        proxied(server.port) as link,
        opened(browser, f"{link}?token=open-sesame") as page,
    ):
        wait_for_text(page, "#connection", "connected")
        assert page.url == link


@pytest.mark.parametrize("path", ["", "compare"])
def test_compare_page_is_served_below_a_path(browser: Browser, path: str) -> None:
    with running("compare") as app:
        app.wait_until_ready()
        with proxied(app.port) as link, opened(browser, f"{link}{path}") as page:
            assert page.url == f"{link}compare"
            wait_for_video(page, "#multiprocessing")
