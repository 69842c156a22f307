"""The page of a running app in Chromium: video, boxes, controls, figures and faults."""

import re
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from common.model_zoo.resolve import default_model, sample_clip
from tests.support.apps import App, running
from tests.support.pages import PHONE, WIDE, boxes, opened, wait_for_boxes, wait_for_text, wait_for_video, wait_until
from tests.support.ports import free_port

TOLERANCE = 0.2  # of a rate, with a browser and a detector on two busy cores

PIXELS = """() => {
    const small = new OffscreenCanvas(160, 90).getContext("2d");
    small.drawImage(document.querySelector(".video"), 0, 0, 160, 90);
    return Array.from(small.getImageData(0, 0, 160, 90).data.filter((value, index) => index % 4 < 3));
}"""
RECORD_ALERTS = """() => {
    window.alerts = "";
    const record = () => {
        for (const { innerText } of document.querySelectorAll(".alert")) window.alerts += innerText;
    };
    new MutationObserver(record).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    """A running app, with a threshold that every detector exceeds on a clip with cars."""
    with running("--min-score", "0.05") as app:
        app.wait_until_ready()
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    """The page, after its first frame."""
    with visited(app, browser) as page:
        yield page


@pytest.fixture(scope="module")
def shared_page(app: App, browser: Browser) -> Iterator[Page]:
    """One page for all tests that only read its figures."""
    with visited(app, browser) as page:
        yield page


@contextmanager
def visited(app: App, browser: Browser, size: tuple[int, int] = WIDE) -> Iterator[Page]:
    """Open the page as a new visitor and wait for its first frame. Asserts that it connects to the app only."""
    addresses = [app.link]
    with opened(browser, "about:blank", size) as page:
        page.on("request", lambda request: addresses.append(request.url))
        page.on("websocket", lambda websocket: addresses.append(websocket.url))
        page.goto(app.link)
        wait_for_video(page)
        yield page
    hosts = {urlsplit(address).netloc for address in addresses if not address.startswith(("data:", "blob:"))}
    assert hosts == {f"localhost:{app.port}"}


def test_video_is_painted_and_moves(page: Page) -> None:
    assert statistics.pstdev(page.evaluate(PIXELS)) > 10
    wait_for_another_frame(page)


def test_header_shows_implementation_model_source_and_connection(shared_page: Page) -> None:
    assert shared_page.inner_text("#implementation").lower() == "multiprocessing"
    assert shared_page.inner_text("#model") == default_model().name
    assert shared_page.inner_text("#source") == sample_clip().name
    assert shared_page.inner_text("#connection") == "connected"
    assert not shared_page.is_visible(".alert")


@pytest.mark.parametrize(
    ("name", "fps"), {"captured": 30, "sent": 15, "received": 15, "painted": 15, "queued": 5, "processed": 5}.items()
)
def test_measured_rates_are_near_the_configured_ones(shared_page: Page, name: str, fps: float) -> None:
    def is_near() -> bool:
        text = shared_page.inner_text(f"#rate-{name}")
        return text != "–" and float(text) == pytest.approx(fps, rel=TOLERANCE)

    wait_until(shared_page, is_near, f"{name} {fps}")
    assert shared_page.inner_text(f"tr:has(#rate-{name}) .of") == f"/ {fps}"


@pytest.mark.parametrize("name", ["inference-ms", "inference-p50-ms", "frame-age-ms", "detections-age-ms"])
def test_times_are_shown_in_ms(shared_page: Page, name: str) -> None:
    wait_for_text(shared_page, f"#{name}", "[0-9.]+ ms")


def test_each_process_is_listed_with_cpu_memory_and_gil_delay(shared_page: Page) -> None:
    def rows() -> list[list[str]]:
        return [row.split("\t") for row in shared_page.inner_text("#roles").splitlines()]

    wait_until(shared_page, lambda: [row[0] for row in rows()] == ["provider", "processor", "server"], "3 processes")
    for _, cpu, memory, delay in rows():
        assert float(cpu) >= 0
        assert float(memory) > 10
        assert re.fullmatch(r"[0-9.]+ – [0-9.]+", delay)


def test_boxes_are_drawn_on_cars(page: Page) -> None:
    wait_for_boxes(page)


def test_confidence_slider_removes_and_restores_boxes(page: Page) -> None:
    wait_for_boxes(page)
    page.press("#confidence", "End")
    assert page.inner_text("#confidence-value") == "0.95"
    wait_for_no_boxes(page)
    page.press("#confidence", "Home")
    assert page.inner_text("#confidence-value") == "0.05"
    wait_for_boxes(page)


def test_boxes_switch_removes_and_restores_boxes(page: Page) -> None:
    wait_for_boxes(page)
    page.uncheck("#show-boxes")
    wait_for_no_boxes(page)
    page.check("#show-boxes")
    wait_for_boxes(page)


def test_synced_mode_shows_boxes_on_their_own_frame_and_live_mode_older_ones_on_the_newest(page: Page) -> None:
    page.click("#mode-synced")
    assert page.get_attribute("#mode-synced", "aria-pressed") == "true"
    wait_for_text(page, "#box-age", "boxes of this frame")
    wait_for_boxes(page)
    page.click("#mode-live")
    assert page.get_attribute("#mode-live", "aria-pressed") == "true"
    wait_for_text(page, "#box-age", "boxes [0-9]+ ms old")


def test_player_paints_frames_in_order_and_acknowledges_each_once(page: Page) -> None:
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


def test_choices_are_saved_in_the_browser(page: Page) -> None:
    page.uncheck("#move-boxes")
    page.click("#mode-synced")
    page.press("#confidence", "End")
    page.reload()
    wait_for_video(page)
    assert page.get_attribute("#mode-synced", "aria-pressed") == "true"
    assert page.inner_text("#confidence-value") == "0.95"
    assert not page.is_checked("#move-boxes")


def test_space_key_pauses_and_resumes(page: Page) -> None:
    page.keyboard.press("Space")
    page.wait_for_selector("#paused")
    assert page.inner_text("#connection") == "paused"
    page.keyboard.press("Space")
    page.wait_for_selector("#paused", state="hidden")
    wait_for_text(page, "#connection", "connected")


def test_page_in_a_background_tab_opens_no_stream_until_it_is_visible(app: App, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    sockets: list[str] = []
    page.on("websocket", lambda websocket: sockets.append(websocket.url))
    # Pages of a headless browser are never hidden.
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !window.seen })")
    page.goto(app.link)
    wait_for_text(page, "#mode-hint", "Live: .*")  # its scripts have run
    assert sockets == []
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    wait_for_video(page)
    context.close()


def test_alert_appears_when_the_provider_is_killed_and_disappears_after_its_restart(app: App, page: Page) -> None:
    page.evaluate(RECORD_ALERTS)  # one may be visible for a second only
    app.role("provider").kill()
    wait_until(page, lambda: "provider" in page.evaluate("window.alerts").lower(), "an alert")
    page.wait_for_selector(".alert", state="hidden")
    wait_for_another_frame(page)


def test_phone_layout_needs_no_horizontal_scrolling(app: App, browser: Browser) -> None:
    with visited(app, browser, PHONE) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        for button in page.locator("button:visible, a.button:visible, input:visible").all():
            box = button.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]


def test_alert_of_a_lost_source_contains_no_password(browser: Browser) -> None:
    port = free_port()
    url = f"http://anna:hunter2@127.0.0.1:{port}/video?token=swordfish"
    with running("--impl", "threading", "--source", url) as app:
        page = browser.new_page()
        page.goto(app.link)
        page.wait_for_selector(".alert")
        wait_until(page, lambda: f"127.0.0.1:{port}/video" in page.inner_text(".alert"), "the alert of the source")
        content = page.content()
        page.close()
    for secret in ("anna", "hunter2", "swordfish"):
        assert secret not in content


def wait_for_another_frame(page: Page) -> None:
    """Wait until the painted pixels change."""
    before = page.evaluate(PIXELS)
    wait_until(page, lambda: page.evaluate(PIXELS) != before, "another frame")


def wait_for_no_boxes(page: Page) -> None:
    """Wait until no boxes are drawn, and assert that the detections of one more second draw none."""
    wait_until(page, lambda: not any(boxes(page)), "no boxes")
    for _ in range(20):
        page.wait_for_timeout(50)
        assert not any(boxes(page))
