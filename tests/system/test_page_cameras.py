"""The page with several cameras: the wall, the full view of one, the ways between them, and what is sent for each."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from common.messaging.messages import Detection, Detections, Status
from common.messaging.report import MetricsReport
from tests.support.pages import PHONE, Role, opened, playing_role, wait_for_text, wait_until
from tests.support.servers import Server, frame, serving
from tests.support.videos import jpeg_of, numbered_frame

GATE, YARD, ROAD, DOCK = CAMERAS = ("gate", "yard", "road", "dock")
NUMBERS = {GATE: 0, YARD: 1023, ROAD: 0, DOCK: 1023}  # black and white frames
BRIGHTNESS = """(selector) => {
    const canvas = document.querySelector(selector);
    return canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0];
}"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=CAMERAS) as server:
        yield server


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """The page, which shows the wall."""
    with visited(server, browser) as page:
        yield page


def visited(server: Server, browser: Browser, fragment: str = "", **options: Any) -> Any:
    """Open the page, and wait until it has connected."""
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


def shows_camera(page: Page, role: Role, camera: str) -> None:
    """Wait until the full view shows this camera alone, for more frames than the credit."""
    shows_view(page, camera)
    objects = f"objects: {CAMERAS.index(camera) + 1}"
    for _ in range(4):
        publish_until(
            page,
            role,
            lambda: (
                (page.evaluate(BRIGHTNESS, "#viewer .video") > 127) == (NUMBERS[camera] > 0)
                and page.inner_text("#boxes-drawn") == objects
            ),
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


def test_wall_shows_each_camera_in_a_tile_with_its_rate_and_age(page: Page, role: Role) -> None:
    shows_wall(page)
    assert page.locator(".tile strong").all_inner_texts() == list(CAMERAS)
    for camera, number in NUMBERS.items():
        video = f"{tile(camera)} .video"
        publish_until(
            page,
            role,
            lambda video=video, number=number: (  # type: ignore[misc]
                page.is_visible(video) and (page.locator(video).evaluate(IS_BRIGHT)) == (number > 0)
            ),
            f"frames of {camera}",
        )
    figures = page.locator(f"{tile(GATE)} .tile-caption")
    publish_until(page, role, lambda: "–" not in figures.inner_text(), "a rate and an age")
    assert page.inner_text("#source") == "4 cameras"


IS_BRIGHT = "(canvas) => canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0] > 127"


def test_a_tile_opens_its_camera_and_escape_and_the_history_lead_back(page: Page, role: Role) -> None:
    page.click(tile(YARD))
    shows_camera(page, role, YARD)
    page.keyboard.press("Escape")
    shows_wall(page)
    wait_until(page, lambda: focused(page) == YARD, "focus on the tile")
    page.go_back()
    shows_camera(page, role, YARD)
    page.go_back()
    shows_wall(page)
    page.go_forward()
    shows_camera(page, role, YARD)
    page.click("text=All cameras")
    shows_wall(page)


def test_keys_move_the_focus_among_tiles_and_open_one(page: Page, role: Role) -> None:
    shows_wall(page)
    assert page.evaluate("getComputedStyle(document.getElementById('wall')).gridTemplateColumns").count("px") == 2
    keys = ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowUp", "End", "ArrowRight", "Home")
    for key, camera in zip(keys, (GATE, YARD, DOCK, DOCK, ROAD, GATE, DOCK, DOCK, GATE), strict=True):
        page.keyboard.press(key)
        assert focused(page) == camera, key
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shows_camera(page, role, YARD)


def test_arrow_keys_of_the_full_view_go_to_the_next_camera(page: Page, role: Role) -> None:
    page.click(tile(DOCK))
    shows_view(page, DOCK)
    for key, camera in (("ArrowRight", GATE), ("ArrowRight", YARD), ("ArrowLeft", GATE), ("ArrowLeft", DOCK)):
        page.keyboard.press(key)
        shows_view(page, camera)
    shows_camera(page, role, DOCK)
    page.focus("#confidence")
    page.keyboard.press("ArrowRight")
    assert selected(page) == DOCK
    page.go_back()  # not through the cameras that were passed
    shows_wall(page)


def test_keys_that_directly_follow_a_click_are_for_the_view_that_it_opens(page: Page) -> None:
    shows_wall(page)
    page.evaluate("""() => {
        const event = (key) => new KeyboardEvent("keydown", { key, bubbles: true });
        const press = (key) => document.activeElement.dispatchEvent(event(key));
        document.querySelector(".tile").click();
        press("ArrowRight");
        window.afterClick = location.hash;
        press("Escape");
        press("End");
    }""")
    assert page.evaluate("window.afterClick") == f"#{YARD}"
    shows_wall(page)
    assert focused(page) == DOCK


def test_a_tile_opens_in_another_tab_with_ctrl(page: Page) -> None:
    shows_wall(page)
    with page.context.expect_page() as opened_page:
        page.click(tile(YARD), modifiers=["Control"])
    wait_until(page, lambda: opened_page.value.url.endswith(f"#{YARD}"), "the camera in another tab")
    assert page.is_visible("#wall")


def test_tabs_change_the_camera_more_often_than_the_credit(page: Page, role: Role) -> None:
    page.click(tile(GATE))
    for camera in (GATE, YARD, GATE, YARD, GATE):
        page.click(f"#cameras >> text={camera}")
        shows_camera(page, role, camera)


def test_another_camera_is_black_until_its_first_frame(page: Page, role: Role) -> None:
    page.click(tile(YARD))
    shows_camera(page, role, YARD)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#viewer .waiting")
    assert page.evaluate(BRIGHTNESS, "#viewer .video") == 0
    assert page.inner_text("#boxes-drawn") == "objects: 0"


def test_address_opens_a_camera(server: Server, role: Role, browser: Browser) -> None:
    with visited(server, browser, f"#{YARD}") as page:
        shows_camera(page, role, YARD)
        page.evaluate(f"location.hash = '{GATE}'")
        shows_camera(page, role, GATE)


@pytest.mark.parametrize("fragment", ["cellar", "%", "%E0%A4%A"])
def test_address_of_an_unknown_camera_shows_the_wall(server: Server, browser: Browser, fragment: str) -> None:
    with visited(server, browser, f"#{fragment}") as page:
        shows_wall(page)


@pytest.mark.parametrize("name", ["\"quoted\" 'name'", "a/b?c#d&e%41", "🚗 Einfahrt", "<img src=x>"])
def test_any_name_can_be_opened(browser: Browser, name: str) -> None:
    with serving(cameras=(name, "other")) as server, playing_role(server) as role, visited(server, browser) as page:
        shows_wall(page)
        assert page.locator(".tile strong").all_inner_texts() == [name, "other"]
        page.locator(".tile").first.click()
        shows_view(page, name)
        wait_until(page, lambda: role.watched() == {name: 1, "other": 0}, "frames of this camera alone")
        page.reload()
        shows_view(page, name)
        page.keyboard.press("Escape")
        wait_until(page, lambda: focused(page) == name, "its tile")


def test_full_frames_are_sent_for_the_full_view_only(page: Page, role: Role) -> None:
    wait_until(page, lambda: set(role.tiles()) == set(CAMERAS), "tiles of all cameras")
    assert set(role.watched().values()) == {0}

    def fit() -> bool:
        width = page.locator(".tile").first.evaluate("(tile) => tile.clientWidth * devicePixelRatio")
        return all(width <= each < width + 80 for each in role.tiles().values())

    wait_until(page, fit, "tiles of the width that is shown")
    page.click(tile(YARD))
    wait_until(page, lambda: role.tiles() == {}, "no tiles")
    assert role.watched() == {GATE: 0, YARD: 1, ROAD: 0, DOCK: 0}


def test_only_tiles_in_sight_are_sent(server: Server, role: Role, browser: Browser) -> None:
    with visited(server, browser, size=(PHONE[0], 500)) as page:
        shows_wall(page)
        lefts = page.locator(".tile").evaluate_all("(tiles) => tiles.map((tile) => tile.offsetLeft)")
        assert len(set(lefts)) == 1  # a column
        wait_until(page, lambda: GATE in role.tiles(), "the first tile")
        assert DOCK not in role.tiles()
        page.locator(tile(DOCK)).scroll_into_view_if_needed()
        wait_until(page, lambda: DOCK in role.tiles(), "the last tile")
        page.mouse.wheel(0, 2000)
        wait_until(page, lambda: GATE not in role.tiles(), "no first tile")


def test_tiles_of_many_cameras_are_half_as_wide_as_a_phone(browser: Browser) -> None:
    with serving(cameras=(*CAMERAS, "hall")) as server, visited(server, browser, size=PHONE) as page:
        shows_wall(page)
        lefts = page.locator(".tile").evaluate_all("(tiles) => tiles.map((tile) => tile.offsetLeft)")
        assert len(set(lefts)) == 2
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_of_many_components_those_that_are_ok_are_folded(page: Page, role: Role) -> None:
    for camera in CAMERAS:
        for component in ("source", "provider", "inference"):
            role.send(Status(component=component, camera=camera, state="ok"))
    wait_for_text(page, "#components-ok summary", "All 12 are ok")
    role.send(Status(component="provider", camera=YARD, state="restarting", message="killed by signal 9"))
    wait_for_text(page, "#components", r"(?s)provider yard\s+restarting\s+killed by signal 9")
    wait_for_text(page, "#components-ok summary", "11 others are ok")
    page.focus("#components-ok summary")
    page.keyboard.press("Space")  # which pauses elsewhere
    assert page.is_visible("#components-ok tr:has-text('provider gate')")
    assert page.inner_text("#pause") == "Pause"


def test_state_of_a_camera_is_on_its_tile_and_on_its_tab(page: Page, role: Role) -> None:
    publish_until(page, role, lambda: page.get_attribute(tile(YARD), "data-state") == "ok", "a tile that is ok")
    for state, message, word in (
        ("lost", "connection refused", "lost"),
        ("failed", "given up for 60 s: killed by signal 9", "given up"),
    ):
        role.send(Status(component="source", camera=YARD, state=state, message=message))
        wait_for_text(page, f"{tile(YARD)} .tile-state", word)
        wait_for_text(page, f"{tile(YARD)} .tile-fault", f"Source yard {state}: {message}")
        assert page.get_attribute(tile(YARD), "aria-label") == f"yard, {word}"
    assert page.get_attribute("#cameras >> text=yard", "data-state") == "failed"
    role.send(Status(component="source", camera=YARD, state="ok"))
    publish_until(page, role, lambda: page.get_attribute(tile(YARD), "data-state") == "ok", "a tile that is ok")
    assert not page.is_visible(f"{tile(YARD)} .tile-fault")


def test_a_tile_without_new_frames_is_stale(page: Page, role: Role) -> None:
    publish_until(page, role, lambda: page.get_attribute(tile(YARD), "data-state") == "ok", "a tile that is ok")
    wait_for_text(page, f"{tile(YARD)} .tile-state", "stale")


def test_a_degraded_camera_without_new_frames_is_stale(page: Page, role: Role) -> None:
    role.send(Status(component="source", camera=YARD, state="degraded", message="decoding is slower than real time"))
    publish_until(page, role, lambda: page.inner_text(f"{tile(YARD)} .tile-state") == "degraded", "a degraded tile")
    wait_for_text(page, f"{tile(YARD)} .tile-state", "stale")


def test_tabs_of_many_cameras_are_one_row_with_the_chosen_one_in_sight(browser: Browser) -> None:
    names = [f"camera-{number:02}-with-a-name-that-is-long" for number in range(16)]
    with serving(cameras=tuple(names)) as server, visited(server, browser, f"#{names[9]}", size=PHONE) as page:
        shows_view(page, names[9])
        for name in (names[9], names[10]):
            shows_view(page, name)
            tabs, tab = (
                page.locator(selector).bounding_box() for selector in ("#cameras", "#cameras [aria-selected=true]")
            )
            assert tabs is not None
            assert tab is not None
            assert tabs["height"] < 2 * tab["height"]
            assert tabs["x"] - 1 <= tab["x"]
            assert tab["x"] + tab["width"] <= tabs["x"] + tabs["width"] + 1 <= PHONE[0] + 1
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_alert_of_a_camera_is_shown_in_its_full_view_only(page: Page, role: Role) -> None:
    role.send(Status(component="source", camera=YARD, state="lost", message="connection refused"))
    page.click(tile(GATE))
    shows_camera(page, role, GATE)
    publish_until(page, role, lambda: not page.is_visible("#viewer .alert"), "no alert of the other camera")
    page.click("#cameras >> text=yard")
    wait_for_text(page, "#viewer .alert", "Source yard lost: connection refused")


def test_a_fault_of_a_processor_is_shown_on_its_cameras(browser: Browser) -> None:
    with (
        serving(cameras=(GATE, YARD), processors=("vehicles", "people")) as server,
        playing_role(server) as role,
        visited(server, browser) as page,
    ):
        shows_wall(page)
        role.send(Status(component="processor", processor="people", state="restarting", message="killed"))
        for camera in (GATE, YARD):
            wait_for_text(page, f"{tile(camera)} .tile-state", "people restarting")


def test_a_camera_named_main_is_one_of_several(browser: Browser) -> None:
    with (
        serving(cameras=("main", YARD), processors=("cars", "main")) as server,
        playing_role(server) as role,
        visited(server, browser) as page,
    ):
        shows_wall(page)
        role.send(Status(component="source", camera="main", state="lost", message="connection refused"))
        wait_for_text(page, f"{tile('main')} .tile-state", "lost")
        found = Detections(
            camera="main", frame_id=1, captured_at=time.time(), inference_ms=1, processing_ms=2, detections=()
        )
        role.send(found.model_copy(update={"values": {"count": 3}}))
        wait_for_text(page, "#values dt", "main · main · count")
        assert page.inner_text(f"{tile(YARD)} .tile-state") != "lost"


def test_screen_stays_after_a_change_of_settings(page: Page) -> None:
    page.press("#confidence", "Home")  # requests a lower threshold; the server responds with another hello
    page.wait_for_timeout(1000)
    shows_wall(page)
    page.click(tile(YARD))
    page.press("#confidence", "End")
    page.press("#confidence", "Home")
    page.wait_for_timeout(1000)
    assert selected(page) == YARD


def test_wall_fills_the_screen_and_a_tile_opens_there(page: Page, role: Role) -> None:
    page.click("#wall-fullscreen")
    wait_until(page, lambda: page.evaluate("document.fullscreenElement?.id") == "stage", "full screen")
    shows_wall(page)
    page.click(tile(YARD))
    shows_camera(page, role, YARD)
    assert page.evaluate("document.fullscreenElement?.id") == "stage"
    page.keyboard.press("f")
    wait_until(page, lambda: page.evaluate("document.fullscreenElement") is None, "the page")


def send_figures(role: Role) -> None:
    """Send what the roles of the gate and of the yard, and the processor, measured in a second; send its results."""
    for camera, fps in ((GATE, 15), (YARD, 12)):
        counts = {"captured": 2 * fps, "sent": fps, "queued": 5, "overwritten": 1}
        gauges = {"source_fps": 2 * fps}
        role.send(
            MetricsReport(role=f"provider {camera}", camera=camera, pid=1, duration_s=1, counts=counts, gauges=gauges)
        )
    counts = {"taken": 20, "processed": 20}
    samples: Any = {"inference_ms": (8.0,), "processing_ms": (9.0,)}
    role.send(MetricsReport(role="processor", pid=2, duration_s=1, counts=counts, samples=samples))


def test_figures_are_those_of_the_shown_camera_and_the_wall_has_them_all(page: Page, role: Role) -> None:
    shows_wall(page)

    def rows(table: str) -> list[list[str]]:
        return [row.split("\t") for row in page.inner_text(table).splitlines()]

    def publish_figures(condition: Callable[[], bool], what: str) -> None:
        def holds() -> bool:
            send_figures(role)
            publish(role)
            page.wait_for_timeout(200)
            return condition()

        wait_until(page, holds, what)

    publish_figures(
        lambda: [row[1:3] for row in rows("#camera-rows")][:2] == [["30.0", "/ 30"], ["24.0", "/ 30"]], "both cameras"
    )

    of_all: list[float] = []

    def has_results_of_all_cameras() -> bool:
        _, results, *others = rows("#processor-rows")[0]
        of_all.append(0.0 if results == "–" else float(results))
        return of_all[-1] > 4 and others == ["/ 20", "8.0"]

    publish_figures(has_results_of_all_cameras, "results of all cameras, and their inference time")
    assert not page.is_visible("#rate-captured")
    page.click(tile(YARD))
    publish_figures(lambda: page.inner_text("#rate-captured") == "24.0", "the rate of this camera")
    publish_figures(lambda: page.inner_text("#rate-queued") == "5.0", "the frames queued of this camera")

    def has_results_of_this_camera() -> bool:
        results = page.inner_text("#rate-processed")
        return results != "–" and 0 < float(results) < of_all[-1] / 2

    publish_figures(has_results_of_this_camera, "the results of this camera")
    publish_figures(lambda: page.inner_text("tr:has(#rate-processed) .of") == "/ 5", "the rate of its processor")
    # The source is slower than the setting.
    publish_figures(lambda: page.inner_text("tr:has(#rate-captured) .of") == "/ 24", "the rate of its source")
