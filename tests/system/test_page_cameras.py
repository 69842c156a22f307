"""The page with several cameras: one is shown and sent at a time, chosen by tab, address or arrow key."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from common.messaging.messages import Detection, Detections, Status
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_until
from tests.support.servers import Server, frame, serving
from tests.support.videos import jpeg_of, numbered_frame

GATE, YARD = "gate", "yard"
NUMBERS = {GATE: 0, YARD: 1023}  # black and white frames
BRIGHTNESS = """() => {
    const canvas = document.querySelector(".video");
    return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0];
}"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=(GATE, YARD)) as server:
        yield server


@pytest.fixture
def role(server: Server) -> Iterator[Role]:
    with playing_role(server) as role:
        yield role


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    with opened(browser, f"http://localhost:{server.port}/") as page:
        wait_for_text(page, "#connection", "connected")
        yield page


def publish(role: Role, frame_id: int) -> None:
    """Send a frame of each camera, and detections in it: one object at the gate, two in the yard."""
    car = Detection(label="car", score=0.9, box=(0.1, 0.1, 0.3, 0.3))
    for objects, (camera, number) in enumerate(NUMBERS.items(), start=1):
        now = time.time()
        role.send_packed(frame(frame_id, jpeg_of(numbered_frame(number)), camera))
        found = (car,) * objects
        role.send(
            Detections(
                camera=camera, frame_id=frame_id, captured_at=now, inference_ms=1, processing_ms=2, detections=found
            )
        )


def shows(page: Page, role: Role, camera: str) -> None:
    """Wait until the page shows frames and detections of this camera alone, for more frames than the credit."""
    count = list(NUMBERS).index(camera) + 1
    for _ in range(6):
        before = page.evaluate("performance.now()")
        seen: list[float] = []
        while not seen:
            publish(role, int(1000 * time.monotonic()))
            page.wait_for_timeout(60)
            if (page.evaluate(BRIGHTNESS) > 127) == (camera == YARD) and page.inner_text("#boxes-drawn") == (
                f"objects: {count}"
            ):
                seen.append(before)
            assert page.evaluate("performance.now()") - before < 10_000, f"the page does not show {camera}"


def selected(page: Page) -> str:
    return page.inner_text("#cameras [aria-selected=true]")


def test_first_camera_is_shown_at_first_and_a_tab_shows_another(page: Page, role: Role) -> None:
    assert page.locator("#cameras [role=tab]").all_inner_texts() == [GATE, YARD]
    assert selected(page) == GATE
    shows(page, role, GATE)
    for camera in (YARD, GATE, YARD, GATE):  # more often than the credit of a camera
        page.click(f"#cameras >> text={camera}")
        assert selected(page) == camera
        shows(page, role, camera)
        assert page.url.endswith(f"#{camera}")


def test_only_the_shown_camera_is_sent(page: Page, role: Role) -> None:
    page.click(f"#cameras >> text={YARD}")
    shows(page, role, YARD)
    assert role.watched() == {GATE: 0, YARD: 1}
    page.click(f"#cameras >> text={GATE}")
    shows(page, role, GATE)
    assert role.watched() == {GATE: 1, YARD: 0}


def test_address_selects_a_camera(server: Server, role: Role, browser: Browser) -> None:
    with opened(browser, f"http://localhost:{server.port}/#{YARD}") as page:
        wait_until(page, lambda: page.locator("#cameras [aria-selected=true]").count() == 1, "tabs")
        assert selected(page) == YARD
        shows(page, role, YARD)
        page.evaluate(f"location.hash = '{GATE}'")
        wait_until(page, lambda: selected(page) == GATE, "the other camera")
        shows(page, role, GATE)


def test_address_of_an_unknown_camera_selects_the_first(server: Server, browser: Browser) -> None:
    for fragment in ("cellar", "%", "%E0%A4%A"):
        with opened(browser, f"http://localhost:{server.port}/#{fragment}") as page:
            wait_until(page, lambda page=page: page.locator("#cameras [aria-selected=true]").count() == 1, "tabs")  # type: ignore[misc]
            assert selected(page) == GATE


def test_arrow_keys_select_cameras(page: Page) -> None:
    for key, camera in (("ArrowRight", YARD), ("ArrowRight", GATE), ("ArrowLeft", YARD), ("ArrowLeft", GATE)):
        page.keyboard.press(key)
        assert selected(page) == camera
    page.focus("#confidence")
    page.keyboard.press("ArrowRight")
    assert selected(page) == GATE


def test_faults_of_another_camera_are_shown_on_its_tab_only(page: Page, role: Role) -> None:
    role.send(Status(component="source", camera=YARD, state="lost", message="connection refused"))
    wait_until(page, lambda: page.get_attribute(f"#cameras >> text={YARD}", "data-state") == "lost", "the state")
    assert page.get_attribute(f"#cameras >> text={GATE}", "data-state") == "ok"
    assert not page.is_visible(".alert")
    page.click(f"#cameras >> text={YARD}")
    wait_for_text(page, ".alert", "Source yard lost: connection refused")


def test_camera_stays_selected_after_a_change_of_settings(page: Page) -> None:
    page.click(f"#cameras >> text={YARD}")
    page.press("#confidence", "Home")  # requests a lower threshold; the server responds with another hello
    page.wait_for_timeout(1000)
    assert selected(page) == YARD
