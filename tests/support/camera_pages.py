"""The page with four cameras: what the test sends as their role, and which view is shown."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page

from common.messaging.messages import Detection, Detections
from tests.support.pages import Role, opened, wait_until
from tests.support.servers import Server, frame
from tests.support.videos import jpeg_of, numbered_frame

GATE, YARD, ROAD, DOCK = CAMERAS = ("gate", "yard", "road", "dock")
NUMBERS = {GATE: 0, YARD: 1023, ROAD: 0, DOCK: 1023}  # black and white frames
BRIGHTNESS = "(canvas) => canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0]"


def visited(server: Server, browser: Browser, fragment: str = "", **options: Any) -> AbstractContextManager[Page]:
    """Open the page at a fragment of its address."""
    return opened(browser, f"http://localhost:{server.port}/{fragment}", **options)


def tile(camera: str) -> str:
    """Return the selector of a tile."""
    return f'.tile:has(strong:text-is("{camera}"))'


def publish(role: Role) -> None:
    """Send a frame of each camera, and detections in it: one object at the gate, two in the yard, and so on."""
    car = Detection(label="car", score=0.9, box=(0.1, 0.1, 0.3, 0.3))
    frame_id = int(1000 * time.monotonic())
    for objects, (camera, number) in enumerate(NUMBERS.items(), start=1):
        role.send_packed(frame(frame_id, jpeg_of(numbered_frame(number)), camera))
        role.send(
            Detections(
                camera=camera,
                frame_id=frame_id,
                captured_at=time.time(),
                inference_ms=1,
                processing_ms=2,
                detections=(car,) * objects,
            )
        )


def publish_until(page: Page, role: Role, condition: Callable[[], bool], what: str) -> None:
    """Send frames of all cameras until `condition()` holds."""

    def holds() -> bool:
        publish(role)
        page.wait_for_timeout(40)
        return condition()

    wait_until(page, holds, what)


def brightness(page: Page, canvas: str) -> int:
    """Return the brightness of the pixel in the middle of a canvas, from 0 to 255."""
    return int(page.locator(canvas).evaluate(BRIGHTNESS))


def shows_frame_of(page: Page, canvas: str, camera: str) -> bool:
    """Return whether a canvas shows a frame as this camera sends it, black or white."""
    return (brightness(page, canvas) > 127) == (NUMBERS[camera] > 0)


def shows_camera(page: Page, role: Role, camera: str) -> None:
    """Wait until the full view shows this camera alone, for more frames than the credit."""
    shows_view(page, camera)
    objects = f"objects: {CAMERAS.index(camera) + 1}"
    for _ in range(4):
        publish_until(
            page,
            role,
            lambda: shows_frame_of(page, "#viewer .video", camera) and page.inner_text("#boxes-drawn") == objects,
            f"frames and boxes of {camera}",
        )
    assert not page.is_visible("#wall")


def shows_view(page: Page, camera: str) -> None:
    """Wait until the full view of this camera is open; its canvas has the last frame that it showed."""
    wait_until(page, lambda: page.is_visible("#viewer") and selected(page) == camera, f"the full view of {camera}")
    wait_until(page, lambda: unquote(urlsplit(page.url).fragment) == camera, f"the address of {camera}")


def shows_wall(page: Page) -> None:
    """Wait until the wall is shown."""
    wait_until(page, lambda: page.is_visible("#wall") and not page.is_visible("#viewer"), "the wall")


def focused(page: Page) -> str:
    """Return the name in the tile that has the focus."""
    return str(page.evaluate("document.activeElement.querySelector('strong')?.textContent ?? ''"))


def selected(page: Page) -> str:
    return page.inner_text("#cameras [aria-selected=true]")
