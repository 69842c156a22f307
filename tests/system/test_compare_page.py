"""The compare page in a real Chromium: two pictures, one workload for both, and threads that stutter when they must."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, TimeoutError
from websockets.sync.client import ClientConnection, connect

from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.results import MAX_BACKGROUND_SHARE
from tests.support.apps import App, running

SIZE = (800, 900)  # small: a browser without a GPU paints with the cores that are to be compared
WINDOW_MS = 10_000  # over which the figures look back
PATIENCE_MS = 40_000  # for the window to fill with something new, and as much again for a busy machine
PANES = ("threading", "multiprocessing")

FIGURES = """() => {
    const figuresOf = (name) => Array.from(
        document.querySelectorAll(`#pane-${name} dd span`), (span) => [span.className, Number(span.textContent)],
    );
    const panes = ["threading", "multiprocessing"];
    return Object.fromEntries(panes.map((name) => [name, Object.fromEntries(figuresOf(name))]));
}"""
PICTURE = """(name) => {
    const small = new OffscreenCanvas(32, 18).getContext("2d");
    small.drawImage(document.querySelector(`#pane-${name} .video`), 0, 0, 32, 18);
    return Array.from(small.getImageData(0, 0, 32, 18).data.filter((value, index) => index % 4 < 3));
}"""
COLOURED = """(id) => {
    const canvas = document.getElementById(id);
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
}"""


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with running("compare") as app:
        app.wait_until_ready()
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    """The page with both pictures on it. It must not complain, and leaves the app without load."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(app.link)
    for name in PANES:
        page.wait_for_selector(f"#pane-{name} .waiting", state="hidden")
    yield page
    page.click("#preset-none")
    for name in PANES:
        wait_until_set(app, name, infer_repeat=1, python_work_ms=0, session_per_frame=False)
    page.close()
    assert complaints == []


def figures(page: Page) -> dict[str, dict[str, float]]:
    """All figures of both panes; a dash is NaN."""
    shown: dict[str, dict[str, float]] = page.evaluate(FIGURES)
    return shown


def viewer_of(app: App, name: str) -> ClientConnection:
    """A viewer of one implementation alone."""
    facts = json.loads(app.ask("/api/compare").body)
    port = app.port if name == facts["implementation"] else facts["other_port"]
    return connect(f"ws://localhost:{port}/ws/ui", compression=None, proxy=None, max_size=None)


def settings_of(app: App, name: str) -> dict[str, Any]:
    """What an implementation says to a new viewer that it is set to."""
    with viewer_of(app, name) as viewer:
        while isinstance(message := viewer.recv(timeout=10), bytes) or json.loads(message)["type"] != "hello":
            pass
    return dict(json.loads(message)["settings"])


def wait_until_set(app: App, name: str, **wanted: float) -> None:
    app.until(lambda: wanted.items() <= settings_of(app, name).items(), f"{name} is set to {wanted}")


def move(page: Page, slider: str, value: int) -> None:
    page.locator(slider).fill(str(value))


def wait_for_figures(page: Page, condition: str, **arguments: float) -> None:
    """Wait until `condition`, in JavaScript on `threads`, `processes` and `given`, is true."""
    page.wait_for_function(
        f"(given) => {{ const {{ threading: threads, multiprocessing: processes }} = ({FIGURES})(); "
        f"return {condition}; }}",
        arg=arguments,
    )


@contextmanager
def skipping_when_crowded(page: Page) -> Iterator[None]:
    """A failure counts only where the cores were there: without them, whoever stutters lacks a core, not the GIL."""
    ours = psutil.Process().children(recursive=True)
    before = cpu_times(ours)
    try:
        yield
    except TimeoutError:
        others = usage_between(before, cpu_times(ours)).background.others
        if others > MAX_BACKGROUND_SHARE or page.is_visible("#saturated"):
            pytest.skip(f"the machine is crowded: other programs took {100 * others:.0f} % of it")
        raise


def test_both_panes_show_a_picture_that_moves(page: Page) -> None:
    for name in PANES:
        before = page.evaluate(PICTURE, name)
        assert max(before) - min(before) > 30
        page.wait_for_function(f"([name, before]) => ({PICTURE})(name).join() !== before.join()", arg=[name, before])


def test_every_figure_of_both_is_shown(page: Page, app: App) -> None:
    wait_for_figures(page, "[threads, processes].every((pane) => Object.values(pane).every(Number.isFinite))")
    for shown in figures(page).values():
        assert shown["ui-fps"] == pytest.approx(15, rel=0.2)
        assert shown["inference-fps"] == pytest.approx(5, rel=0.3)
        assert shown["cpu"] > 0
        assert shown["memory"] > 20
    assert page.inner_text("#cores").split()[0] == str(json.loads(app.ask("/api/compare").body)["cores"])


def test_the_chart_is_drawn(page: Page) -> None:
    page.wait_for_function(f"() => ({COLOURED})('intervals') > 0")
    early = page.evaluate(COLOURED, "intervals")
    page.wait_for_function(f"(early) => ({COLOURED})('intervals') > 1.2 * early", arg=early)


def test_the_three_controls_reach_both(page: Page, app: App) -> None:
    move(page, "#infer-repeat", 3)
    move(page, "#python-work", 20)
    page.check("#session-per-frame")
    for name in PANES:
        wait_until_set(app, name, infer_repeat=3, python_work_ms=20, session_per_frame=True)


def test_a_preset_moves_the_controls_and_the_detectors_of_both(page: Page, app: App) -> None:
    page.wait_for_timeout(WINDOW_MS)  # the first frames after another load are no measure
    before = figures(page)
    page.click("#preset-inference")
    for name in PANES:
        wait_until_set(app, name, infer_repeat=10, python_work_ms=0, session_per_frame=False)
    assert page.input_value("#infer-repeat") == "10"
    assert page.get_attribute("#preset-inference", "aria-pressed") == "true"
    assert page.get_attribute("#preset-none", "aria-pressed") == "false"
    wait_for_figures(
        page,
        "threads['inference-ms'] > 2 * given.threads && processes['inference-ms'] > 2 * given.processes",
        threads=before["threading"]["inference-ms"],
        processes=before["multiprocessing"]["inference-ms"],
    )


def test_the_page_follows_another_visitor(page: Page, browser: Browser, app: App) -> None:
    other = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    other.goto(app.link)
    other.wait_for_selector("#pane-threading .waiting", state="hidden")
    other.click("#preset-python")
    page.wait_for_function("() => document.getElementById('python-work').value === '100'")
    page.wait_for_selector("#preset-python[aria-pressed=true]")
    other.close()


def test_a_preset_reaches_both_also_where_they_differed(page: Page, app: App) -> None:
    for name, work_ms in (("multiprocessing", 100), ("threading", 0)):
        with viewer_of(app, name) as viewer:
            viewer.send(json.dumps({"type": "set", "name": "python_work_ms", "value": work_ms}))
        wait_until_set(app, name, python_work_ms=work_ms)
    page.wait_for_function("() => document.getElementById('python-work').value === '0'")
    page.click("#preset-none")
    wait_until_set(app, "multiprocessing", python_work_ms=0)


def test_python_work_makes_threads_stutter_and_processes_not_until_it_ends(page: Page) -> None:
    page.wait_for_timeout(WINDOW_MS)
    with skipping_when_crowded(page):
        move(page, "#python-work", 100)
        wait_for_figures(
            page,
            "threads.late > 1.3 * processes.late + 4 && threads['deviation-ms'] > 1.3 * processes['deviation-ms']",
        )
        loaded = figures(page)["threading"]["late"]
        move(page, "#python-work", 0)
        wait_for_figures(page, "threads.late < 0.6 * given.loaded", loaded=loaded)
