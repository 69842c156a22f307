"""A dashboard of another site in Chromium, with the page in a frame and the MJPEG stream as an image."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import count

import pytest
from playwright.sync_api import Browser, Page

from common.messaging.messages import FrameHeader, Stats
from common.messaging.publisher import Ingest, Publisher
from common.pacing import Ticker
from tests.support.http_site import Unlogged, serving_http
from tests.support.servers import PATIENCE_S, Server, serving
from tests.support.videos import jpeg_of, numbered_frame
from tests.support.waiting import wait_until

TOKEN = "open-sesame"
DASHBOARD = """<!doctype html><title>dashboard</title>
<iframe src="http://127.0.0.1:{port}/{query}" width="800" height="600" onload="this.dataset.loaded = 1"></iframe>
<img id="stream" src="http://127.0.0.1:{port}/stream.mjpg{query}" onerror="this.dataset.failed = 1">
"""


@contextmanager
def dashboard() -> Iterator[tuple[int, dict[str, str]]]:
    """Serve the HTML in the dictionary, by path, on a port of localhost: another site than 127.0.0.1."""
    pages: dict[str, str] = {}

    class Site(Unlogged, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

    with serving_http(Site) as port:
        yield port, pages


@contextmanager
def video(server: Server) -> Iterator[None]:
    """Publish numbered frames at 15 FPS."""
    stop = threading.Event()

    def publish() -> None:
        ticker = Ticker(15)
        with Publisher(Ingest(server.ingest_port, server.ingest_token)) as publisher:
            for number in count(1):
                if stop.wait(ticker.delay_s()):
                    return
                header = FrameHeader(camera="main", frame_id=number, captured_at=time.time(), width=160, height=90)
                publisher.send_frame(header, jpeg_of(numbered_frame(number % 1024)))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page


def painted(server: Server) -> float:
    """Return the number of video frames that viewers have acknowledged."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return Stats.model_validate_json(server.ask("/api/stats", headers).body).counters.get("painted", 0)


def width_of_image(page: Page) -> int:
    """Return the width of the image once it has loaded or failed: 0 if it was refused."""
    width = page.evaluate(
        """() => new Promise((resolve) => {
            const image = document.getElementById("stream");
            const poll = setInterval(() => {
                if (image.naturalWidth || image.dataset.failed) { clearInterval(poll); resolve(image.naturalWidth); }
            }, 20);
        })"""
    )
    return int(width)


def frame_is_blocked(page: Page) -> bool:
    """Wait until the frame has loaded, and return whether it shows an error instead of the page."""
    page.locator("iframe[data-loaded]").wait_for()
    return page.frame_locator("iframe").locator("#video, canvas").count() == 0


@pytest.mark.parametrize("token", [None, TOKEN], ids=["without a token", "with a token"])
def test_an_allowed_dashboard_shows_the_video_and_another_origin_shows_nothing(page: Page, token: str | None) -> None:
    query = f"?token={token}" if token else ""
    with dashboard() as (allowed, pages), dashboard() as (other, other_pages):
        origin = f"http://localhost:{allowed}"
        with serving(token, allowed_origins=(origin,)) as server, video(server):
            html = DASHBOARD.format(port=server.port, query=query)
            pages["/"] = other_pages["/"] = html
            page.goto(origin, wait_until="commit")
            assert width_of_image(page) == 160
            wait_until(lambda: painted(server) > 0, "the frame acknowledges what it has painted")
            # The token in the URL admits an image of any origin: who has it may view.
            page.goto(f"http://localhost:{other}", wait_until="commit")
            assert width_of_image(page) == (160 if token else 0)
            assert frame_is_blocked(page)


def test_a_dashboard_is_refused_by_default(page: Page) -> None:
    with dashboard() as (port, pages), serving() as server, video(server):
        pages["/"] = DASHBOARD.format(port=server.port, query="")
        page.goto(f"http://localhost:{port}", wait_until="commit")
        assert width_of_image(page) == 0
        assert frame_is_blocked(page)
