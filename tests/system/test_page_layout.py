"""Layout of the page and of the compare page at several sizes, and in forced colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page

from common.frames import Image
from tests.support.apps import App, running
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_for_video, wait_until
from tests.support.servers import Server, serving

LAPTOP, DESKTOP, LARGE, TABLET, PHONE = (1280, 800), (1440, 900), (2560, 1440), (820, 1180), (390, 844)
SIZES = (LAPTOP, DESKTOP, LARGE, TABLET, PHONE)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def role(server: Server) -> Iterator[Role]:
    with playing_role(server) as role:
        yield role


@pytest.fixture(scope="module")
def compare_app() -> Iterator[App]:
    with running("compare") as app:
        app.wait_until_ready()
        yield app


@pytest.fixture
def forced_colours(server: Server, role: Role, browser: Browser) -> Iterator[Page]:
    """The page with a healthy and a lost component, in forced colours."""
    with opened(browser, f"http://localhost:{server.port}/", forced_colors="active") as page:
        wait_for_text(page, "#connection", "connected")
        role.send_status("source", "lost", "no frames")
        role.send_status("provider", "ok", "running again")
        wait_until(page, lambda: page.locator("#components tr").count() >= 2, "both components")
        yield page


def picture_of(element: Locator, width: int | None = None) -> Image:
    """Return a screenshot of an element, or of its leftmost `width` pixels."""
    png = cv2.imdecode(np.frombuffer(element.screenshot(animations="disabled"), np.uint8), cv2.IMREAD_COLOR)
    assert png is not None
    return np.asarray(png[:, :width], np.uint8)


@dataclass(frozen=True)
class Rectangle:
    """Position and size of an element in CSS pixels."""

    x: float
    y: float
    right: float
    bottom: float


def rectangle(element: Locator) -> Rectangle:
    """Return the rectangle of a visible element."""
    box = element.bounding_box()
    assert box is not None
    return Rectangle(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])


def rows_of(elements: Locator) -> list[list[Rectangle]]:
    """Return the rectangles of elements, grouped into rows of those that overlap vertically."""
    rows: list[list[Rectangle]] = []
    for each in sorted(map(rectangle, elements.all()), key=lambda each: (each.y, each.x)):
        if rows and each.y < rows[-1][-1].bottom:
            rows[-1].append(each)
        else:
            rows.append([each])
    return rows


@pytest.mark.parametrize("size", SIZES)
def test_no_size_needs_horizontal_scrolling(server: Server, browser: Browser, size: tuple[int, int]) -> None:
    with opened(browser, f"http://localhost:{server.port}/", size) as page:
        wait_for_text(page, "#connection", "connected")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("size", [TABLET, (1000, 700), (700, 900), PHONE])
def test_sections_below_the_video_fill_their_rows(server: Server, browser: Browser, size: tuple[int, int]) -> None:
    with opened(browser, f"http://localhost:{server.port}/", size) as page:
        wait_for_text(page, "#connection", "connected")
        main = rectangle(page.locator("main"))
        for row in rows_of(page.locator("main section:visible")):
            assert row[0].x == pytest.approx(main.x, abs=1)
            assert row[-1].right == pytest.approx(main.right, abs=1)
            assert all(right.x - left.right <= 16 for left, right in pairwise(row))


@pytest.mark.parametrize("size", SIZES)
def test_inference_chart_has_a_limited_height(server: Server, browser: Browser, size: tuple[int, int]) -> None:
    with opened(browser, f"http://localhost:{server.port}/", size) as page:
        wait_for_text(page, "#connection", "connected")
        chart = rectangle(page.locator("#inference-chart"))
        assert 100 <= chart.bottom - chart.y <= 300


@pytest.mark.parametrize("size", [LAPTOP, DESKTOP, LARGE])
def test_controls_of_the_page_are_in_sight(server: Server, browser: Browser, size: tuple[int, int]) -> None:
    with opened(browser, f"http://localhost:{server.port}/", size) as page:
        wait_for_text(page, "#connection", "connected")
        for control in page.locator(".controls > *:visible").all():
            assert rectangle(control).bottom <= size[1]


@pytest.mark.parametrize("size", [LAPTOP, DESKTOP, LARGE])
def test_load_and_figures_of_the_compare_page_are_in_sight(
    compare_app: App, browser: Browser, size: tuple[int, int]
) -> None:
    with opened(browser, compare_app.link, size) as page:
        for name in ("threading", "multiprocessing"):
            wait_for_video(page, f"#{name}")
        for element in page.locator(".presets button, .loads input, .figures, #intervals").all():
            assert rectangle(element).bottom <= size[1]


def test_boxes_of_the_compare_page_lie_on_the_video(compare_app: App, browser: Browser) -> None:
    with opened(browser, compare_app.link, LAPTOP) as page:
        wait_for_video(page, "#threading")
        for name in ("threading", "multiprocessing"):
            assert rectangle(page.locator(f"#{name} .video")) == rectangle(page.locator(f"#{name} .overlay"))


@pytest.mark.parametrize("switch", ["#show-boxes", "#show-labels", "#move-boxes"])
def test_forced_colours_keep_the_state_of_switches(forced_colours: Page, switch: str) -> None:
    element = forced_colours.locator(switch)
    checked = picture_of(element)
    element.uncheck()
    forced_colours.mouse.move(0, 0)
    unchecked = picture_of(element)
    assert checked.shape == unchecked.shape
    assert np.count_nonzero(np.abs(checked.astype(int) - unchecked).max(axis=2) > 60) > 20


def test_forced_colours_keep_the_chosen_mode(forced_colours: Page) -> None:
    forced_colours.mouse.move(0, 0)
    live, synced = (picture_of(forced_colours.locator(f"#mode-{name}")) for name in ("live", "synced"))
    assert np.abs(np.median(live, axis=(0, 1)) - np.median(synced, axis=(0, 1))).max() > 60


@pytest.mark.parametrize(
    "selector", ["#connection", "#components tr:nth-child(1) th", "#components tr:nth-child(2) th"]
)
def test_forced_colours_keep_the_dots(forced_colours: Page, selector: str) -> None:
    dot = picture_of(forced_colours.locator(selector), width=8)
    assert np.ptp(dot.astype(int), axis=(0, 1)).max() > 60


def test_forced_colours_show_faults_by_shape(forced_colours: Page) -> None:
    lost, well = (
        picture_of(forced_colours.locator(f"#components tr:nth-child({number}) th"), width=8) for number in (1, 2)
    )
    differences = [np.abs(dot.astype(int) - dot[0, 0]).sum(axis=2) for dot in (lost, well)]
    area = [difference.sum() / difference.max() for difference in differences]  # in pixels
    assert area[0] == pytest.approx(8 * 8, rel=0.05)  # a square
    assert area[1] == pytest.approx(np.pi * 4**2, rel=0.15)  # a circle
