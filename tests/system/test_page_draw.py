"""The editor of lines and zones on the page: with a mouse, a finger and keys, what the server gets, and what counts."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from websockets.sync.client import connect

from tests.support.apps import App, running
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_for_video, wait_until
from tests.support.servers import Server, frame, serving
from tests.support.videos import jpeg_of, numbered_frame

ROAD = [(0.2, 0.55), (0.95, 0.55)]
YARD = [(0.1, 0.5), (0.6, 0.5), (0.6, 0.9), (0.1, 0.9)]


@pytest.fixture
def page(server: Server, role: Role, browser: Browser) -> Iterator[Page]:
    with opened(browser, f"http://localhost:{server.port}/") as page:
        show(page, role)
        yield page


def show(page: Page, role: Role) -> None:
    """Show a frame on the page, and open the editor."""
    wait_for_text(page, "#connection", "connected")
    role.send_frame()
    wait_for_video(page)
    page.click("#draw")


def place(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """Return where a point of the frame is on the page, in CSS pixels; the video has no bars."""
    box = page.locator(".surface").bounding_box()
    assert box is not None
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page: Page, kind: str, points: list[tuple[float, float]]) -> None:
    """Draw a line, or a zone, with the mouse."""
    page.click(f"#add-{kind}")
    for point in points:
        page.mouse.click(*place(page, point))
    if kind == "zone":
        page.click("#finish-zone")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, start))
    page.mouse.down()
    page.mouse.move(*place(page, end), steps=5)
    page.mouse.up()


def in_force(page: Page, role: Role, kind: str, expected: dict[str, list[tuple[float, float]]]) -> None:
    """Wait until the processor has these regions, by name, with points to a hundredth."""

    def rounded(points: Sequence[Sequence[float]]) -> list[list[float]]:
        return [[round(value, 2) for value in point] for point in points]

    def found() -> dict[str, list[list[float]]]:
        return {each["name"]: rounded(each["points"]) for each in role.regions()[kind]}

    wanted = {name: rounded(points) for name, points in expected.items()}
    wait_until(page, lambda: found() == wanted, f"{kind} {wanted}")


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


def test_a_region_is_renamed_reversed_and_deleted(page: Page, role: Role) -> None:
    draw(page, "line", ROAD)
    page.fill("#regions input", "road")
    page.keyboard.press("Enter")
    in_force(page, role, "lines", {"road": ROAD})
    page.click("text=Reverse")
    in_force(page, role, "lines", {"road": ROAD[::-1]})
    page.click(".regions >> text=Delete")
    in_force(page, role, "lines", {})


def test_letters_in_a_name_are_no_keys_of_the_page(page: Page) -> None:
    draw(page, "line", ROAD)
    page.fill("#regions input", "")
    page.type("#regions input", "bl m")
    assert page.is_checked("#show-boxes")
    assert page.inner_text("#pause") == "Pause"


def test_a_corner_of_a_zone_is_deleted_while_it_has_more_than_three(page: Page, role: Role) -> None:
    draw(page, "zone", YARD)
    page.focus(".handle >> nth=3")
    page.keyboard.press("Delete")
    in_force(page, role, "zones", {"zone-1": YARD[:3]})
    page.focus(".handle >> nth=0")
    page.keyboard.press("Delete")
    in_force(page, role, "zones", {})


def test_the_reason_of_a_refusal_is_shown_until_a_change_is_accepted(page: Page, role: Role) -> None:
    draw(page, "line", ROAD)
    draw(page, "zone", [YARD[0], YARD[2], YARD[1], YARD[3]])
    wait_for_text(page, "#editor-message", r"zones\[0\]\.points of zone-1 must not form edges that cross")
    in_force(page, role, "zones", {})
    drag(page, YARD[2], (0.2, 0.1))
    wait_until(page, lambda: not page.is_visible("#editor-message"), "the reason is gone")
    in_force(page, role, "lines", {"line-1": ROAD})
    wait_until(page, lambda: len(role.regions()["zones"]) == 1, "the zone")


def test_what_another_viewer_draws_is_shown(page: Page, server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/ws/ui", compression=None, proxy=None) as other:
        lines = [{"name": "road", "points": ROAD}]
        other.send(json.dumps({"type": "regions", "processor": "main", "lines": lines}))
        wait_until(page, lambda: page.locator("#regions input").count() == 1, "the line")
        assert page.input_value("#regions input") == "road"


def test_what_is_drawn_while_paused_counts_after_the_pause(page: Page, role: Role) -> None:
    page.click("#pause")
    draw(page, "line", ROAD)
    wait_for_text(page, "#editor-message", "No connection: .*")
    page.click("#pause")
    in_force(page, role, "lines", {"line-1": ROAD})
    wait_until(page, lambda: not page.is_visible("#editor-message"), "the message is gone")


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


def test_the_toml_is_copied_and_means_what_was_drawn(server: Server, role: Role, browser: Browser) -> None:
    with opened(browser, f"http://localhost:{server.port}/", permissions=["clipboard-read", "clipboard-write"]) as page:
        show(page, role)
        draw(page, "line", ROAD)
        draw(page, "zone", YARD)
        in_force(page, role, "zones", {"zone-1": YARD})
        page.click("#copy-toml")
        wait_for_text(page, "#editor-message", "Copied. .*")
        (processor,) = tomllib.loads(page.evaluate("navigator.clipboard.readText()"))["processors"]
        assert processor["name"] == "main"
        assert {name: processor[name] for name in ("lines", "zones")} == role.regions()


def test_where_copying_is_not_permitted_the_toml_is_shown_selected(page: Page) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    draw(page, "line", ROAD)
    page.click("#copy-toml")
    wait_until(page, lambda: page.is_visible("#toml"), "the text")
    text = page.input_value("#toml")
    assert text.startswith("[[processors]]")
    assert page.evaluate("document.activeElement.selectionEnd - document.activeElement.selectionStart") == len(text)


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


def test_a_processor_is_chosen_where_several_use_the_camera(browser: Browser) -> None:
    with (
        serving(processors=("vehicles", "people")) as server,
        playing_role(server) as role,
        opened(browser, f"http://localhost:{server.port}/") as page,
    ):
        show(page, role)
        draw(page, "line", ROAD)
        page.select_option("#editor-processor", "people")
        assert page.locator("#regions li").count() == 0
        draw(page, "zone", YARD)
        wait_until(page, lambda: len(role.regions("people")["zones"]) == 1, "a zone of people")
        assert [each["name"] for each in role.regions("vehicles")["lines"]] == ["line-1"]
        assert role.regions("people")["lines"] == []
        page.select_option("#editor-processor", "vehicles")
        assert page.input_value("#regions input") == "line-1"


def values_of(app: App) -> dict[str, float]:
    """Return the values in the next detections."""
    with connect(f"ws://127.0.0.1:{app.port}/ws/ui?frames=0", compression=None, proxy=None) as viewer:
        while True:
            message: dict[str, Any] = json.loads(viewer.recv(timeout=20))
            if message["type"] == "detections":
                return dict(message.get("values", {}))


def test_a_line_and_a_zone_drawn_on_the_bundled_clip_count_without_a_restart(browser: Browser) -> None:
    with running("--queue-fps", "10") as app:
        app.wait_until_ready()
        with opened(browser, app.link) as page:
            wait_for_video(page)
            assert values_of(app) == {}
            page.click("#draw")
            draw(page, "line", ROAD)
            draw(page, "zone", [(0.3, 0.3), (0.98, 0.3), (0.98, 0.98), (0.3, 0.98)])

            def count() -> float:
                return sum(
                    value for name, value in values_of(app).items() if name.startswith(("line-1 in", "line-1 out"))
                )

            wait_until(page, lambda: count() > 0, "a crossing")
            first = count()
            wait_until(page, lambda: count() > first, "another crossing")
            wait_until(
                page, lambda: any(name.startswith("zone-1 ") for name in values_of(app)), "an object in the zone"
            )


def test_what_is_drawn_is_saved_and_is_there_after_a_restart(
    small: tuple[str, ...], browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "vision.toml"
    file.write_text("# My house.\nallow_save = true  # from the page\n\n[[processors]]\nname = 'cars'\n")
    flags = ("--config", str(file), *small)
    with running(*flags) as app, opened(browser, app.link) as page:
        wait_for_video(page)
        page.click("#draw")
        draw(page, "line", ROAD)
        page.click("#save-regions")
        wait_for_text(page, "#editor-message", r"Saved to vision\.toml\.")
        draw(page, "zone", [YARD[0], YARD[2], YARD[1], YARD[3]])
        page.click("#save-regions")
        wait_for_text(page, "#editor-message", ".* must not form edges that cross")
    assert file.read_text() == (
        "# My house.\nallow_save = true  # from the page\n\n[[processors]]\nname = 'cars'\n"
        '\n[[processors.lines]]\nname = "line-1"\npoints = [[0.2, 0.55], [0.95, 0.55]]\n'
    )
    with running(*flags) as app, opened(browser, app.link) as page:
        wait_for_video(page)
        page.click("#draw")
        wait_until(page, lambda: page.locator("#regions input").count() == 1, "the line")
        assert page.input_value("#regions input") == "line-1"


def test_without_leave_the_page_does_not_offer_to_save(page: Page) -> None:
    assert page.is_visible("#copy-toml")
    assert not page.is_visible("#save-regions")
