"""What processors found, on the page: tiles of values, and the list of events."""

import base64
import time
from typing import Any

from playwright.sync_api import Browser, Page

from common.messaging.event import Event
from common.messaging.messages import Detections
from tests.support.pages import PHONE, Role, opened, playing_role, wait_for_text, wait_until
from tests.support.servers import Server, serving
from tests.support.videos import jpeg_of, numbered_frame

THUMBNAIL = base64.b64encode(jpeg_of(numbered_frame(5))).decode()


def event(number: int, camera: str = "main", **fields: Any) -> Event:
    return Event(event_id=f"id {number}", camera=camera, processor="main", frame_id=number, captured_at=time.time(),
                 kind="crossing", text=f"event {number}", **fields)  # fmt: skip


def send_values(role: Role, values: dict[str, float], camera: str = "main", processor: str = "main") -> None:
    role.send(Detections(camera=camera, processor=processor, frame_id=1, captured_at=time.time(), inference_ms=1,
                         processing_ms=1, detections=(), values=values))  # fmt: skip


def texts(page: Page) -> list[str]:
    """Return the texts of the events, from the top of the list."""
    return page.locator("#events .text").all_inner_texts()


def tiles(page: Page) -> dict[str, str]:
    """Return the numbers of the tiles by their names."""
    names = page.locator("#values dt").all_inner_texts()
    return dict(zip(names, page.locator("#values dd").all_inner_texts(), strict=False))


def until_texts(page: Page, expected: list[str]) -> None:
    wait_until(page, lambda: texts(page) == expected, f"the events {expected}")


def until_tiles(page: Page, expected: dict[str, str]) -> None:
    wait_until(page, lambda: tiles(page) == expected, f"the values {expected}")


def test_sections_without_contents_are_hidden(page: Page) -> None:
    assert not page.is_visible("#values-section")
    assert not page.is_visible("#events-section")


def test_events_from_before_and_live_ones_are_listed_with_the_newest_first(
    server: Server, role: Role, browser: Browser
) -> None:
    role.send(event(1, thumbnail=THUMBNAIL), event(2))
    with opened(browser, f"http://localhost:{server.port}/") as page:
        until_texts(page, ["event 2", "event 1"])
        role.send(event(3), event(2))
        until_texts(page, ["event 3", "event 2", "event 1"])
        assert page.locator("#events time").count() == 3
        image = page.locator("#events img")
        assert image.count() == 1
        wait_until(page, lambda: image.evaluate("image => image.naturalWidth") == 160, "the thumbnail")


def test_text_of_an_event_is_shown_as_text_and_without_one_its_kind(page: Page, role: Role) -> None:
    markup = "<img src=x onerror=alert(1)>"
    role.send(event(1).model_copy(update={"text": markup}), event(2).model_copy(update={"text": ""}))
    until_texts(page, ["crossing", markup])


def test_only_the_newest_events_are_kept_on_the_page(page: Page, role: Role) -> None:
    for number in range(100):
        role.send(event(number))
    wait_until(page, lambda: texts(page)[:1] == ["event 99"], "the last event")
    assert texts(page) == [f"event {number}" for number in range(99, 69, -1)]


def test_events_that_were_missed_are_loaded_after_a_reconnect(page: Page, role: Role) -> None:
    role.send(event(1))
    until_texts(page, ["event 1"])
    page.click("#pause")
    wait_for_text(page, "#connection", "paused")
    role.send(event(2), event(3))
    page.click("#pause")
    until_texts(page, ["event 3", "event 2", "event 1"])


def test_values_are_tiles_that_follow_the_newest_number(page: Page, role: Role) -> None:
    send_values(role, {"cars": 3, "speed": 12.3456})
    until_tiles(page, {"cars": "3", "speed": "12.35"})
    send_values(role, {"cars": 1234567, "dark": 0})
    until_tiles(page, {"cars": "1,234,567", "dark": "0", "speed": "12.35"})
    assert list(tiles(page)) == ["cars", "dark", "speed"]


def test_a_value_that_is_no_longer_reported_becomes_a_dash_and_then_disappears(
    server: Server, browser: Browser
) -> None:
    with playing_role(server) as role, opened(browser, "about:blank") as page:
        page.clock.install()
        page.goto(f"http://localhost:{server.port}/")
        wait_for_text(page, "#connection", "connected")
        # A message replaces an unsent one; the page reconnects after 5 s without one.
        for mark in ("first", "second", "third", "fourth", "fifth"):
            send_values(role, {"cars": 3, "buses": 1} if mark == "first" else {"cars": 4})
            role.send_status("source", "ok", mark)
            wait_for_text(page, "#components", f"(?s).*{mark}.*")
            page.clock.run_for(3000)
        assert tiles(page) == {"cars": "4", "buses": "–"}
        page.clock.run_for(181_000)
        wait_until(page, lambda: "buses" not in tiles(page), "the end of a tile")


def test_the_number_of_tiles_is_limited(page: Page, role: Role) -> None:
    send_values(role, {f"value {number:02}": number for number in range(50)})
    wait_until(page, lambda: len(tiles(page)) == 24, "24 tiles")


def test_values_and_events_are_those_of_the_shown_camera(browser: Browser) -> None:
    with serving(cameras=("gate", "yard"), processors=("cars", "people")) as server, playing_role(server) as role:
        for number, camera in ((1, "gate"), (2, "yard")):
            role.send(event(number, camera).model_copy(update={"processor": "cars"}))
        with opened(browser, f"http://localhost:{server.port}/#gate") as page:
            wait_for_text(page, "#connection", "connected")
            until_texts(page, ["event 1"])
            send_values(role, {"count": 1}, "gate", "cars")
            send_values(role, {"count": 2}, "gate", "people")
            until_tiles(page, {"cars · count": "1", "people · count": "2"})
            page.click("#cameras [data-camera=yard]")
            until_texts(page, ["event 2"])
            send_values(role, {"count": 7}, "yard", "people")
            until_tiles(page, {"people · count": "7"})
            page.click("a[href='#']")
            until_texts(page, ["event 2", "event 1"])
            about = page.locator("#events .about").all_inner_texts()
            assert [each[-11:] for each in about] == ["yard · cars", "gate · cars"]
            names = {"gate · cars · count", "gate · people · count", "yard · people · count"}
            wait_until(page, lambda: set(tiles(page)) == names, "the values of all cameras")


def test_nothing_is_wider_than_a_phone(server: Server, role: Role, browser: Browser) -> None:
    with opened(browser, f"http://localhost:{server.port}/", PHONE) as page:
        wait_for_text(page, "#connection", "connected")
        send_values(role, {f"a long name of a value {number}" + "x" * 60: 10.0**number for number in range(6)})
        role.send(event(1, thumbnail=THUMBNAIL), event(2).model_copy(update={"text": "x" * 200}))
        wait_until(page, lambda: len(texts(page)) == 2 and len(tiles(page)) == 6, "values and events")
        assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE[0]
