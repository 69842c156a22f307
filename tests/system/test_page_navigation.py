"""The page with several cameras: the ways between the wall and the full view of a camera."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.camera_pages import (
    CAMERAS,
    DOCK,
    GATE,
    ROAD,
    YARD,
    brightness,
    focused,
    selected,
    shows_camera,
    shows_view,
    shows_wall,
    tile,
    visited,
)
from tests.support.pages import PHONE, Role, playing_role, wait_until
from tests.support.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=CAMERAS) as server:
        yield server


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
    assert brightness(page, "#viewer .video") == 0
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
    wait_until(page, lambda: page.evaluate("document.fullscreenElement?.id") == "display", "full screen")
    shows_wall(page)
    page.click(tile(YARD))
    shows_camera(page, role, YARD)
    assert page.evaluate("document.fullscreenElement?.id") == "display"
    page.keyboard.press("f")
    wait_until(page, lambda: page.evaluate("document.fullscreenElement") is None, "the page")
