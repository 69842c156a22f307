"""The page in Chromium against attacks: HTTPS, tokens, names that contain HTML, and pages of other origins."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page, Request

from tests.support.apps import PATIENCE_S, App, running
from tests.support.certificates import make_certificate
from tests.support.http_site import Unlogged, serving_http
from tests.support.onnx_models import save_yolox
from tests.support.pages import wait_for_boxes, wait_for_video, wait_until
from tests.support.videos import SMALL

TOKEN = "open-sesame"
EVIL = "<img src=x onerror=alert(1)>"
TRY_ALL = """async (target) => {
    const image = new Promise((resolve) => {
        const element = new Image();
        element.onload = () => resolve("seen");
        element.onerror = () => resolve("refused");
        element.src = `http://${target}/snapshot.jpg`;
    });
    const socket = new Promise((resolve) => {
        const opened = new WebSocket(`ws://${target}/ws/ui`);
        opened.onmessage = () => resolve("seen");
        opened.onclose = () => resolve("refused");
    });
    const read = fetch(`http://${target}/api/stats`).then(() => "seen", () => "refused");
    return Promise.all([image, socket, read]);
}"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags for a clip and a model with HTML in their names and labels."""
    folder = tmp_path_factory.mktemp("inputs")
    clip = write_red_clip(folder / f"{EVIL}.avi")
    model = save_yolox(folder / f"{EVIL}.onnx", metadata={"names": f"{EVIL}\n<script>alert(2)</script>"})
    return "--impl", "threading", "--source", str(clip), "--model", str(model)


@pytest.fixture(scope="module")
def app(inputs: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A running app with a token and TLS."""
    certificate = make_certificate(tmp_path_factory.mktemp("certificate"))
    with running(*inputs, "--token", TOKEN, *certificate.flags) as app:
        app.context = certificate.client
        app.wait_until_ready()
        yield app


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that accepts certificates of unknown authorities."""
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page


def test_a_browser_without_the_token_is_asked_for_it(app: App, page: Page) -> None:
    page.goto(app.link)
    for token, reason in (("wrong", "This token is not valid."), (TOKEN, "")):
        page.wait_for_selector("#token:focus")
        page.keyboard.type(token)
        page.keyboard.press("Enter")
        if reason:
            page.wait_for_selector(f"label:has-text('{reason}')")
    wait_for_video(page)
    assert page.url == f"https://localhost:{app.port}/"


def test_page_uses_https_and_wss_and_no_url_but_the_first_contains_the_token(app: App, page: Page) -> None:
    requests: list[Request] = []
    sockets: list[str] = []
    page.on("request", lambda request: requests.extend([request]))
    page.on("websocket", lambda websocket: sockets.append(websocket.url))
    page.goto(f"{app.link}?token={TOKEN}")
    wait_for_video(page)
    assert page.url == f"https://localhost:{app.port}/"
    assert sockets == [f"wss://localhost:{app.port}/ws/ui?credit=2"]
    first, *later = requests
    assert first.url == f"{app.link}?token={TOKEN}"
    assert len(later) > 5
    assert [request.url for request in later if TOKEN in request.url] == []
    assert [request.url for request in requests if "referer" in request.all_headers()] == []
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
        f"vision_token_{app.port}",
        True,
        True,
        "Lax",
    )
    assert page.evaluate("document.cookie") == ""


def test_names_are_shown_as_text_not_as_html(app: App, page: Page) -> None:
    dialogs: list[str] = []
    errors: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{app.link}?token={TOKEN}")
    wait_for_boxes(page)
    wait_until(page, lambda: page.inner_text("#model") == f"{EVIL}.onnx", "the name of the model")
    assert page.inner_text("#source") == f"{EVIL}.avi"
    assert page.locator("img, script:not([src])").count() == 0
    assert (dialogs, errors) == ([], [])


def test_policy_forbids_turning_text_into_html_or_code(app: App, page: Page) -> None:
    page.goto(f"{app.link}?token={TOKEN}")
    for attempt in ("document.body.innerHTML = '<b>'", "setTimeout('alert(1)')", "script.text = '1'"):
        body = f"const script = document.createElement('script'); {attempt};"
        assert page.evaluate(f"() => {{ try {{ {body} }} catch (error) {{ return error.name; }} }}") in (
            "TypeError",
            "EvalError",
        ), attempt


def test_page_of_another_origin_reads_nothing(inputs: tuple[str, ...], page: Page) -> None:
    with running(*inputs) as app, foreign_site() as port:
        app.wait_until_ready()
        page.goto(app.link)
        assert page.evaluate(TRY_ALL, f"localhost:{app.port}") == ["seen"] * 3
        page.goto(f"http://localhost:{port}/")
        assert page.evaluate(TRY_ALL, f"localhost:{app.port}") == ["refused"] * 3


@contextmanager
def foreign_site() -> Iterator[int]:
    """Serve pages without restrictions on the same host, and return the port."""

    class Site(Unlogged, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    with serving_http(Site) as port:
        yield port


def write_red_clip(path: Path) -> Path:
    """Write one second of video with a red rectangle, which the model of the tests detects."""
    image = np.full((SMALL[1], SMALL[0], 3), 16, np.uint8)
    cv2.rectangle(image, (40, 30), (100, 70), (0, 0, 255), cv2.FILLED)
    plain = path.with_name("clip.avi")  # muxers such as image2 interpret a % in the name
    writer = cv2.VideoWriter(str(plain), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 30, SMALL)
    assert writer.isOpened()
    for _ in range(30):
        writer.write(image)
    writer.release()
    return plain.rename(path)
