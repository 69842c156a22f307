"""The page with several cameras: their frames, states and figures on the wall, and what is sent for each view."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from common.messaging.messages import Detections, Status
from common.messaging.report import MetricsReport
from tests.support.camera_pages import (
    CAMERAS,
    DOCK,
    GATE,
    ROAD,
    YARD,
    publish,
    publish_until,
    shows_camera,
    shows_frame_of,
    shows_wall,
    tile,
    visited,
)
from tests.support.pages import PHONE, Role, playing_role, wait_for_text, wait_until
from tests.support.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=CAMERAS) as server:
        yield server


def test_wall_shows_each_camera_in_a_tile_with_its_rate_and_age(page: Page, role: Role) -> None:
    shows_wall(page)
    assert page.locator(".tile strong").all_inner_texts() == list(CAMERAS)
    for camera in CAMERAS:
        publish_until(page, role, partial(shows_frame, page, camera), f"frames of {camera}")
    figures = page.locator(f"{tile(GATE)} .tile-caption")
    publish_until(page, role, lambda: "–" not in figures.inner_text(), "a rate and an age")
    assert page.inner_text("#source") == "4 cameras"


def shows_frame(page: Page, camera: str) -> bool:
    """Return whether the tile of this camera shows its frames."""
    video = f"{tile(camera)} .video"
    return page.is_visible(video) and shows_frame_of(page, video, camera)


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
