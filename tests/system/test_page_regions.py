"""The list of lines and zones on the page: names, refusals, other viewers, TOML, saving, and what counts."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from websockets.sync.client import connect

from tests.support.apps import App, running
from tests.support.drawing import ROAD, YARD, drag, draw, in_force, show
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_for_video, wait_until
from tests.support.servers import Server, serving


@pytest.fixture
def page(page: Page, role: Role) -> Page:
    """The page with a frame, on which the editor is open."""
    show(page, role)
    return page


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
        page.click(".regions >> text=Delete")
        wait_until(page, lambda: role.regions("vehicles")["lines"] == [], "the end of the line")
        page.reload()
        show(page, role)
        assert page.input_value("#editor-processor") == "people"


def values_of(app: App) -> dict[str, float]:
    """Return the values in the next detections."""
    url = f"ws://127.0.0.1:{app.port}/ws/ui?frames=0"
    # max_queue: with a full one the closing handshake would take its timeout, 10 s
    with connect(url, compression=None, proxy=None, max_queue=None) as viewer:
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
