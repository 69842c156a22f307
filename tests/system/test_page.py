"""The page in a real Chromium: a picture that moves, boxes that obey, numbers that are right, and faults that show."""

import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from common.model_zoo.resolve import default_model, sample_clip
from tests.support.apps import PATIENCE_S, App, running

WIDE, PHONE = (1280, 800), (360, 740)
ROOM = 0.2  # of a rate, for a browser and a detector on two busy cores

PICTURE = """() => {
    const small = new OffscreenCanvas(160, 90).getContext("2d");
    small.drawImage(document.getElementById("video"), 0, 0, 160, 90);
    return Array.from(small.getImageData(0, 0, 160, 90).data.filter((value, index) => index % 4 < 3));
}"""
BOX_PIXELS = """() => {
    const canvas = document.getElementById("overlay");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
}"""


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """At a threshold that any detector passes on a clip with cars."""
    with running("--min-score", "0.05") as app:
        app.wait_until_ready()
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    """The page, with a picture on it."""
    with visited(app, browser) as page:
        yield page


@pytest.fixture(scope="module")
def watched(app: App, browser: Browser) -> Iterator[Page]:
    """A page that stays open for all that only look at its numbers."""
    with visited(app, browser) as page:
        yield page


@contextmanager
def visited(app: App, browser: Browser, size: tuple[int, int] = WIDE) -> Iterator[Page]:
    """The page of a new visitor once it has a picture. It must neither complain nor talk to anybody else."""
    complaints: list[str] = []
    addresses = [app.link]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda websocket: addresses.append(websocket.url))
    page.goto(app.link)
    page.wait_for_selector("#waiting", state="hidden")
    yield page
    context.close()
    assert complaints == []
    hosts = {urlsplit(address).netloc for address in addresses if not address.startswith(("data:", "blob:"))}
    assert hosts == {f"localhost:{app.port}"}


def test_the_video_is_painted_and_moves(page: Page) -> None:
    assert statistics.pstdev(page.evaluate(PICTURE)) > 10
    wait_for_another_picture(page)


def test_the_page_says_what_runs(watched: Page) -> None:
    assert watched.inner_text("#implementation").lower() == "multiprocessing"
    assert watched.inner_text("#model") == default_model().name
    assert watched.inner_text("#source") == sample_clip().name
    assert watched.inner_text("#connection") == "connected"
    assert not watched.is_visible("#banner")


@pytest.mark.parametrize(
    ("name", "fps"), {"captured": 30, "sent": 15, "received": 15, "painted": 15, "queued": 5, "processed": 5}.items()
)
def test_the_rates_on_the_page_come_near_the_configured_ones(watched: Page, name: str, fps: float) -> None:
    def is_near() -> bool:
        text = watched.inner_text(f"#rate-{name}")
        return text != "–" and float(text) == pytest.approx(fps, rel=ROOM)

    wait_until(watched, is_near, f"{name} {fps}")
    assert watched.inner_text(f"tr:has(#rate-{name}) .of") == f"/ {fps}"


@pytest.mark.parametrize("name", ["inference-ms", "inference-p50-ms", "frame-age-ms", "detections-age-ms"])
def test_times_are_shown_in_ms(watched: Page, name: str) -> None:
    wait_for_text(watched, f"#{name}", "[0-9.]+ ms")


def test_each_process_is_listed_with_its_cpu_memory_and_gil_delay(watched: Page) -> None:
    def rows() -> list[list[str]]:
        return [row.split("\t") for row in watched.inner_text("#roles").splitlines()]

    wait_until(watched, lambda: {row[0] for row in rows()} == {"provider", "processor", "server"}, "three processes")
    for _, cpu, memory, delay in rows():
        assert float(cpu) >= 0
        assert float(memory) > 10
        assert re.fullmatch(r"[0-9.]+ – [0-9.]+", delay)


def test_boxes_are_drawn_on_cars(page: Page) -> None:
    wait_for_boxes(page)


def test_the_slider_removes_boxes_and_brings_them_back(page: Page) -> None:
    wait_for_boxes(page)
    page.press("#confidence", "End")
    assert page.inner_text("#confidence-value") == "0.95"
    wait_for_no_boxes(page)
    page.press("#confidence", "Home")
    assert page.inner_text("#confidence-value") == "0.05"
    wait_for_boxes(page)


def test_the_switch_for_boxes_removes_and_brings_them_back(page: Page) -> None:
    wait_for_boxes(page)
    page.uncheck("#show-boxes")
    wait_for_no_boxes(page)
    page.check("#show-boxes")
    wait_for_boxes(page)


def test_synced_shows_boxes_on_their_own_frame_and_live_older_ones_on_the_newest(page: Page) -> None:
    page.click("#mode-synced")
    assert page.get_attribute("#mode-synced", "aria-pressed") == "true"
    wait_for_text(page, "#box-age", "boxes of this frame")
    wait_for_boxes(page)
    page.click("#mode-live")
    assert page.get_attribute("#mode-live", "aria-pressed") == "true"
    wait_for_text(page, "#box-age", "boxes [0-9]+ ms old")


def test_the_player_paints_the_newest_frame_and_gives_every_credit_back_once(page: Page) -> None:
    result = page.evaluate("""async () => {
        const { Player } = await import("/static/viewer/player.js");
        const jpeg = new Uint8Array(await (await fetch("/snapshot.jpg")).arrayBuffer());
        const broken = jpeg.slice(0, 100);
        const acks = [];
        const painted = [];
        const done = new Promise((resolve) => {
            const onPaint = (shown) => painted.push(shown.frame_id) && shown.frame_id === 99 && resolve();
            const player = new Player(document.createElement("canvas"), (id) => acks.push(id), onPaint);
            for (let id = 0; id < 100; id += 1) {
                player.addFrame({ frame_id: id, captured_at: id, jpeg: id % 10 ? jpeg : broken });
                player.setMode(id % 20 === 5 ? "synced" : "live");
            }
        });
        await done;
        return { acks: acks.sort((a, b) => a - b), painted };
    }""")
    assert result["acks"] == list(range(100))
    assert result["painted"] == sorted(result["painted"])


def test_a_choice_is_remembered_by_the_browser(page: Page) -> None:
    page.click("#mode-synced")
    page.press("#confidence", "End")
    page.reload()
    page.wait_for_selector("#waiting", state="hidden")
    assert page.get_attribute("#mode-synced", "aria-pressed") == "true"
    assert page.inner_text("#confidence-value") == "0.95"


def test_the_keyboard_pauses_and_goes_on(page: Page) -> None:
    page.keyboard.press("Space")
    page.wait_for_selector("#paused")
    assert page.inner_text("#connection") == "paused"
    page.keyboard.press("Space")
    page.wait_for_selector("#paused", state="hidden")
    wait_for_text(page, "#connection", "connected")


def test_a_page_opened_behind_others_asks_for_no_video_before_it_is_looked_at(app: App, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda websocket: sockets.append(websocket.url))
    # What a headless browser shows is never hidden.
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !window.seen })")
    page.goto(app.link)
    wait_for_text(page, "#mode-hint", "Live: .*")  # its scripts run
    assert sockets == []
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#waiting", state="hidden")
    context.close()


def test_a_banner_appears_when_the_provider_is_killed_and_goes_when_it_is_back(app: App, page: Page) -> None:
    app.role("provider").kill()
    wait_until(page, lambda: page.is_visible("#banner"), "a banner")
    assert "provider" in page.inner_text("#banner").lower()
    page.wait_for_selector("#banner", state="hidden")
    wait_for_another_picture(page)


def test_a_phone_needs_no_horizontal_scrolling(app: App, browser: Browser) -> None:
    with visited(app, browser, PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        for button in page.query_selector_all("button, a.button, input"):
            box = button.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]


def test_a_lost_source_is_told_without_its_password(browser: Browser) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    url = f"http://anna:hunter2@127.0.0.1:{port}/video?token=swordfish"
    with running("--impl", "threading", "--source", url) as app:
        page = browser.new_page()
        page.goto(app.link)
        page.wait_for_selector("#banner")
        assert f"127.0.0.1:{port}/video" in page.inner_text("#banner")
        content = page.content()
        page.close()
    for secret in ("anna", "hunter2", "swordfish"):
        assert secret not in content


def wait_until(page: Page, met: Callable[[], bool], what: str) -> None:
    """Wait until `met`, asked from here: Playwright's own waiting evaluates text, which the page's policy forbids."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        page.wait_for_timeout(20)


def wait_for_text(page: Page, selector: str, pattern: str) -> None:
    """Wait until all the text of an element matches."""
    wait_until(page, lambda: re.fullmatch(pattern, page.inner_text(selector)) is not None, f"{selector}: {pattern}")


def wait_for_another_picture(page: Page) -> None:
    """Wait until what is painted differs from what is painted now."""
    before = page.evaluate(PICTURE)
    wait_until(page, lambda: page.evaluate(PICTURE) != before, "another picture")


def boxes(page: Page) -> tuple[int, int]:
    """How many boxes the page counts, and how many pixels they cover."""
    count, pixels = page.evaluate(f'() => [document.getElementById("boxes-drawn").textContent, ({BOX_PIXELS})()]')
    return int(count.removeprefix("objects: ")), int(pixels)


def wait_for_boxes(page: Page) -> None:
    """Wait until there are boxes."""
    wait_until(page, lambda: all(boxes(page)), "boxes")


def wait_for_no_boxes(page: Page) -> None:
    """Wait until there are no boxes, and see that none come with the detections of a further second."""
    wait_until(page, lambda: not any(boxes(page)), "no boxes")
    for _ in range(20):
        page.wait_for_timeout(50)
        assert not any(boxes(page))
