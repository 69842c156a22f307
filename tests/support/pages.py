"""Pages in Chromium: opening one, waiting for what it shows, and a server with a role that a test plays itself."""

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import ClientConnection, connect

from common.messaging.base import Message
from common.messaging.messages import Detection, Detections, Status
from common.messaging.report import MetricsReport
from tests.support.apps import PATIENCE_S
from tests.support.servers import Server, frame, serving

WIDE, PHONE = (1280, 800), (360, 740)
CHROMIUM_FLAGS = (
    "--no-sandbox",  # root, as in containers, can start Chromium only without it
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
BOX_PIXELS = """() => {
    const canvas = document.querySelector(".overlay");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, or else that of Playwright."""
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[Page]:
    """Open a page in a browser context of its own. Asserts at the end that it logged no error."""
    errors: list[str] = []
    with browser.new_context(viewport={"width": size[0], "height": size[1]}, **options) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        yield page
    # A connection that the test ended itself is logged by the browser.
    assert [error for error in errors if "WebSocket connection to" not in error] == []


def wait_until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Poll `condition` from Python: Playwright's own waiting evaluates text, which the page's policy forbids."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        page.wait_for_timeout(20)


def wait_for_video(page: Page, view: str = "") -> None:
    """Wait until a frame is painted in a view. Its elements are made by a script: none of them counts as hidden."""
    for state in ("attached", "hidden"):
        page.wait_for_selector(f"{view} .waiting", state=state)


def wait_for_text(page: Page, selector: str, pattern: str) -> None:
    """Wait until the whole text of an element matches `pattern`."""
    wait_until(page, lambda: re.fullmatch(pattern, page.inner_text(selector)) is not None, f"{selector}: {pattern}")


def boxes(page: Page) -> tuple[int, int]:
    """Return the number of boxes that the page shows, and the number of pixels that they cover."""
    count, pixels = page.evaluate(f'() => [document.getElementById("boxes-drawn").textContent, ({BOX_PIXELS})()]')
    return int(count.removeprefix("objects: ")), int(pixels)


def wait_for_boxes(page: Page) -> None:
    """Wait until boxes are drawn."""
    wait_until(page, lambda: all(boxes(page)), "boxes")


class Role:
    """The connection of a role to the ingest port of a server."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._frame_id = 0
        self._watched: dict[str, int] = {}
        self._regions: dict[str, dict[str, Any]] = {}
        self._tiles: dict[str, int] = {}

    def send(self, *messages: Message) -> None:
        for message in messages:
            self._socket.send(message.model_dump_json())

    def send_packed(self, message: bytes) -> None:
        """Send a frame message."""
        self._socket.send(message)

    def watched(self) -> dict[str, int]:
        """Return the number of viewers of full frames of each camera, from the newest message that has arrived."""
        self._read_viewers()
        return self._watched

    def tiles(self) -> dict[str, int]:
        """Return the width of the tiles of each camera that has any, from the newest message that has arrived."""
        self._read_viewers()
        return self._tiles

    def _read_viewers(self) -> None:
        with contextlib.suppress(TimeoutError):
            while True:
                message = json.loads(self._socket.recv(timeout=0.2))
                if message["type"] == "viewers":
                    self._watched, self._tiles = dict(message["cameras"]), dict(message.get("tiles", {}))

    def requested_models(self) -> list[tuple[str, str]]:
        """Return the processors and models that viewers have requested, by the messages that have arrived."""
        requests = []
        with contextlib.suppress(TimeoutError):
            while True:
                message = json.loads(self._socket.recv(timeout=0.2))
                if message["type"] == "model_change":
                    requests.append((message["processor"], message["model"]))
        return requests

    def regions(self, processor: str = "main") -> dict[str, Any]:
        """Return the lines and zones of a processor, from the newest message that has arrived."""
        with contextlib.suppress(TimeoutError):
            while True:
                message = json.loads(self._socket.recv(timeout=0.2))
                if message["type"] == "regions":
                    self._regions[message["processor"]] = {name: message[name] for name in ("lines", "zones")}
        return self._regions.get(processor, {"lines": [], "zones": []})

    def send_frame(self) -> int:
        """Send the next frame, captured now, and return its id."""
        self._frame_id += 1
        self._socket.send(frame(self._frame_id))
        return self._frame_id

    def send_detections(self, frame_id: int, *items: Detection, inference_ms: float = 10) -> None:
        """Send the detections of a frame that was captured now."""
        self.send(
            Detections(
                camera="main",
                frame_id=frame_id,
                captured_at=time.time(),
                inference_ms=inference_ms,
                processing_ms=inference_ms + 1,
                detections=items,
            )
        )

    def send_report(self, role: str, **values: Any) -> None:
        """Send what a role measured in the last second."""
        self.send(MetricsReport(role=role, pid=len(role), duration_s=1, **values))

    def send_status(self, component: str, state: Any, message: str = "") -> None:
        self.send(Status(component=component, state=state, message=message))


@contextmanager
def playing_role(server: Server) -> Iterator[Role]:
    """Connect to the ingest port of `server` as a role."""
    headers = {"Authorization": f"Bearer {server.ingest_token}"}
    url = f"ws://127.0.0.1:{server.ingest_port}/ingest"
    # max_queue: it never reads, and a full queue would delay the closing handshake
    with connect(url, additional_headers=headers, compression=None, proxy=None, max_queue=None) as socket:
        yield Role(socket)


@contextmanager
def server_and_role() -> Iterator[tuple[Server, Role]]:
    """Run a server, and connect to it as a role."""
    with serving() as server, playing_role(server) as role:
        yield server, role
