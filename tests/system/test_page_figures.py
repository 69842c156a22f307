"""The figures of the page, fed by a test in the place of the roles: order, warnings, slow cameras, lost connections."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute

from common.messaging.messages import Detection
from tests.support.pages import Role, opened, playing_role, server_and_role, wait_for_text, wait_for_video, wait_until
from tests.support.servers import RATES, Server, serving

DASHED = (".rate", "#times", "#roles", "#components", "#drops", "#inference-ms", "#inference-p50-ms", "#frame-age-ms")
ROLES = ("provider", "processor", "server")
CAR = Detection(label="car", score=0.9, box=(0.2, 0.2, 0.4, 0.4))


@pytest.fixture
def timed_page(server: Server, browser: Browser) -> Iterator[Page]:
    """The page, connected, with a clock that a test moves."""
    with opened(browser, "about:blank") as page:
        page.clock.install()
        page.goto(f"http://localhost:{server.port}/")
        wait_for_text(page, "#connection", "connected")
        yield page


def headings(page: Page, table: str) -> list[str]:
    """Return the headings of the rows of a table."""
    return page.locator(f"{table} th").all_inner_texts()


def send_all_reports(role: Role, **rates: float) -> None:
    """Send a report of each role, in a random order, with a drop and every kind of time."""
    counts = dict(zip(("captured", "sent", "queued", "processed"), (30, 15, 5, 5), strict=True)) | rates
    samples = {
        "provider": {"encode_ms": (1.0,)},
        "processor": {"processing_ms": (2.0,), "inference_ms": (1.0,), "processor_age_ms": (3.0,)},
        "server": {"paint_age_ms": (4.0,)},
    }
    for name in random.sample(ROLES, len(ROLES)):
        role.send_report(
            name,
            counts=counts if name == "provider" else {},
            samples=samples[name],
            gauges={"cpu_percent": 1.0, "memory_mb": 50.0},
            drops={"viewer/slow": 1} if name == "server" else {},
        )


def test_rows_keep_their_order_whatever_the_order_of_the_reports(page: Page, role: Role) -> None:
    times = ["JPEG encoding", "age at processor", "inference", "processing", "age at paint"]
    for number in range(1, 5):
        send_all_reports(role)
        wait_for_text(page, "#drops", f"viewer, slow\\s+{number}")
        wait_until(page, lambda: len(headings(page, "#roles") + headings(page, "#times")) == 8, "all rows")
        assert headings(page, "#roles") == list(ROLES)
        assert headings(page, "#times") == times


def test_components_have_a_section_with_state_and_message(page: Page, role: Role) -> None:
    send_all_reports(role)
    role.send_status("source", "lost", "connection refused")
    wait_until(page, lambda: headings(page, "#components") == ["source", *ROLES], "all components")
    assert page.locator("#components tr").all_inner_texts()[0].split("\t") == ["source", "lost", "connection refused"]
    assert headings(page, "section:has(#drops)") == ["viewer, slow"]


def test_rates_of_the_server_are_no_warning_before_its_window_has_passed(timed_page: Page, role: Role) -> None:
    page = timed_page
    send_all_reports(role, sent=1)
    wait_for_text(page, "#rate-sent", "1.0")
    assert page.locator(".behind").count() == 0
    pass_time(page, role, 4)
    assert page.locator(".behind").count() == 0
    pass_time(page, role, 3)
    send_all_reports(role, sent=1)
    wait_until(page, lambda: page.locator("tr.behind #rate-sent").count() == 1, "a warning")


def test_every_figure_becomes_a_dash_when_the_connection_is_lost(browser: Browser) -> None:
    with ExitStack() as app:
        server, role = app.enter_context(server_and_role())
        with opened(browser, f"http://localhost:{server.port}/") as page:
            wait_for_text(page, "#connection", "connected")
            send_all_reports(role)
            role.send_detections(role.send_frame(), CAR)
            wait_for_text(page, "#inference-ms", "10 ms")
            wait_until(page, lambda: headings(page, "#roles") == list(ROLES), "the roles")
            app.close()
            wait_for_text(page, ".alert", "Connection to the server lost. Reconnecting.")
            for selector in DASHED:
                wait_for_dashes(page, selector)
            wait_for_text(page, "#boxes-drawn", "objects: 0")
            assert not page.is_visible("#box-age")


def wait_for_dashes(page: Page, selector: str) -> None:
    """Wait until each element that matches shows a dash."""
    found = page.locator(selector)
    wait_until(page, lambda: {text.strip() for text in found.all_inner_texts()} == {"–"}, f"dashes in {selector}")


@pytest.mark.parametrize("source_fps", [20.0, 16.6])
def test_rates_are_compared_with_those_of_a_slower_source(timed_page: Page, role: Role, source_fps: float) -> None:
    page = timed_page
    pass_time(page, role, 8)
    role.send_report("provider", counts={"captured": source_fps, "sent": 15}, gauges={"source_fps": source_fps})
    wait_for_text(page, "#rate-captured", str(source_fps))
    assert page.inner_text("tr:has(#rate-captured) .of") == f"/ {source_fps:g}"
    assert page.inner_text("tr:has(#rate-sent) .of") == "/ 15"
    assert page.locator(".behind").count() == 0
    role.send_report("provider", counts={"captured": 1}, gauges={"source_fps": source_fps})
    wait_until(page, lambda: page.locator("tr.behind #rate-captured").count() == 1, "a warning")


def test_rates_of_another_camera_are_no_warning_before_the_window_has_passed(browser: Browser) -> None:
    with (
        serving(cameras=("gate", "yard")) as server,
        playing_role(server) as role,
        opened(browser, "about:blank") as page,
    ):
        page.clock.install()
        page.goto(f"http://localhost:{server.port}/#gate")
        wait_for_text(page, "#connection", "connected")
        pass_time(page, role, 7)
        role.send_report("provider gate", camera="gate", counts={"captured": 30, "sent": 1})
        wait_until(page, lambda: page.locator("tr.behind #rate-sent").count() == 1, "a warning")
        page.click("#cameras [data-camera=yard]")
        role.send_report("provider yard", camera="yard", counts={"captured": 30, "sent": 2})
        wait_for_text(page, "#rate-sent", "2.0")
        assert page.locator(".behind").count() == 0
        pass_time(page, role, 7)
        role.send_report("provider yard", camera="yard", counts={"captured": 30, "sent": 2})
        wait_until(page, lambda: page.locator("tr.behind #rate-sent").count() == 1, "a warning")


def pass_time(page: Page, role: Role, seconds: float) -> None:
    """Move the clock of the page, with a message before each step so that it does not reconnect."""
    for _ in range(round(seconds / 0.5)):
        wait_for_mark(page, role)
        page.clock.run_for(500)


MARKS = itertools.count()


def wait_for_mark(page: Page, role: Role) -> None:
    """Wait until the page shows a status that is sent now: a message that it gets after those before."""
    number = next(MARKS)
    role.send_status("mark", "ok", f"mark {number}")
    wait_for_text(page, "#components tr:has-text('mark') td:last-child", f"mark {number}")


def send_frames_until(page: Page, role: Role, condition: Callable[[], bool], what: str) -> None:
    """Send frames until the condition holds: without them the video would become stale."""

    def holds() -> bool:
        role.send_frame()
        page.wait_for_timeout(50)
        return condition()

    wait_until(page, holds, what)


@pytest.mark.parametrize("gauges", [{"source_fps": 0.5}, {}], ids=["rate is reported", "rate is measured"])
def test_video_of_a_slow_camera_is_stale_only_after_several_of_its_intervals(
    timed_page: Page, role: Role, gauges: dict[str, float]
) -> None:
    page = timed_page
    for number in range(4):
        role.send_report("provider", counts={"captured": 1}, gauges=gauges)  # the rate is that of the last 5 s
        wait_for_text(page, "#rate-captured", r"[0-9.]+")
        role.send_frame()
        wait_for_video(page)
        pass_time(page, role, 2)
        is_known = bool(gauges) or number > 0  # an interval needs two frames
        if is_known:
            assert not page.is_visible(".alert")
    pass_time(page, role, 5)
    assert page.inner_text(".alert") == "The video is stale: no new frames are arriving."


def test_video_at_the_configured_rate_is_stale_within_two_seconds(timed_page: Page, role: Role) -> None:
    page = timed_page
    for _ in range(4):
        role.send_frame()
        wait_for_mark(page, role)
    wait_for_video(page)
    page.clock.run_for(2000)
    assert page.inner_text(".alert") == "The video is stale: no new frames are arriving."


def test_degraded_source_is_a_notice_and_not_an_alert(page: Page, role: Role) -> None:
    role.send_status("source", "degraded", "road.mp4: decoding is slower than real time")
    wait_for_text(page, ".notice", "Source degraded: road.mp4: decoding is slower than real time")
    send_frames_until(page, role, lambda: not page.is_visible(".alert"), "no alert")
    role.send_status("source", "ok", "road.mp4")
    page.wait_for_selector(".notice", state="hidden")


def test_given_up_role_is_an_alert_until_it_runs_again(page: Page, role: Role) -> None:
    role.send_status("processor", "failed", "given up for 60 s: killed by signal 9")
    wait_for_text(page, ".alert", "Processor failed: given up for 60 s: killed by signal 9")
    role.send_status("processor", "ok", "running again")
    send_frames_until(page, role, lambda: not page.is_visible(".alert"), "no alert")


@pytest.mark.parametrize("inference_ms", [9.0, 900.0, 99_000.0])
def test_scale_of_the_chart_is_not_clipped(page: Page, role: Role, inference_ms: float) -> None:
    role.send_detections(1, CAR, inference_ms=inference_ms)
    wait_for_text(page, "#inference-ms", f"{inference_ms:.0f}(\\.0)? ms")  # set in the refresh that draws the chart
    page.wait_for_timeout(300)
    ink_at_the_edge = page.evaluate("""() => {
        const canvas = document.getElementById("inference-chart");
        const pixels = canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, canvas.height).data;
        return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
    }""")
    assert ink_at_the_edge == 0


def test_configured_rates_are_shown_before_any_frame(page: Page) -> None:
    wait_for_text(page, "tr:has(#rate-painted) .of", f"/ {RATES.ui_fps:g}")


def test_unknown_messages_and_fields_are_ignored(server: Server, role: Role, browser: Browser) -> None:
    more = {"heat": [[1, 2]], "poses": {"left": [{"point": [0, 1]}]}, "zoom": 1.5, "night": None}

    def add_fields(stream: WebSocketRoute) -> None:
        app = stream.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            stream.send(message if isinstance(message, bytes) else json.dumps(json.loads(message) | more))

        app.on_message(pass_on)
        stream.send(json.dumps({"type": "of a newer version", **more}))

    with opened(browser, "about:blank") as page:
        page.route_web_socket("**/ws/ui?credit=2", add_fields)
        page.goto(f"http://localhost:{server.port}/")
        wait_for_text(page, "tr:has(#rate-painted) .of", f"/ {RATES.ui_fps:g}")  # the server has sent a hello
        send_all_reports(role)
        role.send_detections(role.send_frame(), CAR)
        wait_for_text(page, "#boxes-drawn", "objects: 1")
        wait_until(page, lambda: headings(page, "#roles") == list(ROLES), "the roles")
