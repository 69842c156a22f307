"""The editor of lines and zones on the page: drawn, moved and deleted with a mouse, a finger and keys."""

import pytest
from playwright.sync_api import Browser, Page

from tests.support.drawing import ROAD, YARD, drag, draw, in_force, place, show
from tests.support.pages import Role, opened, wait_until
from tests.support.servers import Server, frame
from tests.support.videos import jpeg_of, numbered_frame


@pytest.fixture
def page(page: Page, role: Role) -> Page:
    """The page with a frame, on which the editor is open."""
    show(page, role)
    return page


def test_a_line_is_drawn_with_two_clicks_or_dragged(page: Page, role: Role) -> None:
    draw(page, "line", ROAD)
    in_force(page, role, "lines", {"line-1": ROAD})
    page.click("#add-line")
    drag(page, (0.3, 0.2), (0.7, 0.3))
    in_force(page, role, "lines", {"line-1": ROAD, "line-2": [(0.3, 0.2), (0.7, 0.3)]})


@pytest.mark.parametrize("way", ["finish", "enter", "first corner"])
def test_a_zone_is_closed_by_finish_enter_or_its_first_corner(page: Page, role: Role, way: str) -> None:
    page.click("#add-zone")
    for point in YARD:
        page.mouse.click(*place(page, point))
    match way:
        case "finish":
            page.click("#finish-zone")
        case "enter":
            page.keyboard.press("Enter")
        case _:
            page.mouse.click(*place(page, YARD[0]))
    in_force(page, role, "zones", {"zone-1": YARD})
    assert page.get_attribute("#add-zone", "aria-pressed") == "false"


def test_points_are_undone_and_a_drawing_is_discarded(page: Page, role: Role) -> None:
    page.click("#add-zone")
    for point in [*YARD[:3], (0.9, 0.1)]:
        page.mouse.click(*place(page, point))
    page.click("#undo-point")
    page.mouse.click(*place(page, YARD[3]))
    page.mouse.click(*place(page, (0.9, 0.9)))
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    in_force(page, role, "zones", {"zone-1": YARD})
    page.click("#add-line")
    page.mouse.click(*place(page, ROAD[0]))
    page.keyboard.press("Escape")
    assert page.get_attribute("#add-line", "aria-pressed") == "false"
    assert role.regions()["lines"] == []


def test_a_point_is_dragged_and_moved_with_keys(page: Page, role: Role) -> None:
    draw(page, "line", ROAD)
    drag(page, ROAD[0], (0.4, 0.7))
    in_force(page, role, "lines", {"line-1": [(0.4, 0.7), ROAD[1]]})
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowUp"):
        page.keyboard.press(key)
    in_force(page, role, "lines", {"line-1": [(0.39, 0.65), ROAD[1]]})
    handle = page.locator(".handle").first
    assert handle.get_attribute("aria-label") == "Point 1 of line-1"
    assert handle.get_attribute("aria-valuetext") == "39 % from the left, 65 % from the top"


def test_without_a_pointer_a_region_is_added_and_moved_with_keys(page: Page, role: Role) -> None:
    page.focus("#add-line")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+ArrowRight")
    in_force(page, role, "lines", {"line-1": [(0.3, 0.55), (0.75, 0.5)]})
    page.keyboard.press("Delete")
    in_force(page, role, "lines", {})


def test_a_corner_of_a_zone_is_deleted_while_it_has_more_than_three(page: Page, role: Role) -> None:
    draw(page, "zone", YARD)
    page.focus(".handle >> nth=3")
    page.keyboard.press("Delete")
    in_force(page, role, "zones", {"zone-1": YARD[:3]})
    page.focus(".handle >> nth=0")
    page.keyboard.press("Delete")
    in_force(page, role, "zones", {})


def test_a_finger_draws_and_does_not_scroll(server: Server, role: Role, browser: Browser) -> None:
    phone = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    with opened(browser, f"http://localhost:{server.port}/", (390, 844), **phone) as page:
        show(page, role)
        page.tap("#add-line")
        for point in ROAD:
            page.touchscreen.tap(*place(page, point))
        in_force(page, role, "lines", {"line-1": ROAD})
        touches = page.context.new_cdp_session(page)
        x, y = place(page, ROAD[0])
        touches.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        x, y = place(page, (0.3, 0.9))
        touches.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        in_force(page, role, "lines", {"line-1": [(0.3, 0.9), ROAD[1]]})
        assert page.evaluate("scrollY") == 0


def test_points_are_those_of_the_frame_in_a_letterbox(page: Page, role: Role) -> None:
    page.keyboard.press("f")
    wait_until(page, lambda: page.evaluate("document.fullscreenElement !== null"), "full screen")
    page.set_viewport_size({"width": 600, "height": 900})
    wait_until(page, lambda: page.evaluate("[innerWidth, innerHeight]") == [600, 900], "the size of the window")
    # The tools are behind the video: a key begins, and the line is moved where the frame is.
    page.evaluate("document.getElementById('add-line').click()")
    wait_until(page, lambda: page.locator(".handle").count() == 2, "a line")
    size = page.locator(".surface").bounding_box()
    assert size is not None
    height = size["width"] * 9 / 16
    top = size["y"] + (size["height"] - height) / 2
    assert top > size["y"] + 50
    page.mouse.move(size["x"] + 0.3 * size["width"], top + 0.5 * height)
    page.mouse.down()
    page.mouse.move(size["x"] + 0.5 * size["width"], top + 0.25 * height)
    page.mouse.up()
    in_force(page, role, "lines", {"line-1": [(0.5, 0.25), (0.7, 0.5)]})


def test_points_stay_on_the_frame_when_its_size_changes(page: Page, role: Role) -> None:
    draw(page, "line", ROAD)
    role.send_packed(frame(2, jpeg_of(numbered_frame(2, (120, 160)))))
    wait_until(page, lambda: page.get_attribute(".surface", "viewBox") == "0 0 120 160", "the size of the new frame")
    box = page.locator(".handle .dot").first.bounding_box()
    assert box is not None
    video = page.locator(".video").bounding_box()
    assert video is not None
    width = video["height"] * 120 / 160
    left = video["x"] + (video["width"] - width) / 2
    assert box["x"] + box["width"] / 2 == pytest.approx(left + ROAD[0][0] * width, abs=2)
