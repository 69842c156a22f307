"""The compare page in Chromium: two videos, one workload for both, and threads that stutter under Python load."""

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
from tests.support.pages import wait_for_video

SIZE = (800, 900)  # small: without a GPU the browser paints on the cores that are compared
PATIENCE_MS = 60_000  # limit for the statistics of intervals, of 10 s, to have new ones only, on a busy machine
NAMES = ("threading", "multiprocessing")

FIGURES = """() => {
    const figuresOf = (name) => Array.from(
        document.querySelectorAll(`#${name} dd span`), (span) => [span.className, Number(span.textContent)],
    );
    const names = ["threading", "multiprocessing"];
    return Object.fromEntries(names.map((name) => [name, Object.fromEntries(figuresOf(name))]));
}"""
PIXELS = """(name) => {
    const small = new OffscreenCanvas(32, 18).getContext("2d");
    small.drawImage(document.querySelector(`#${name} .video`), 0, 0, 32, 18);
    return Array.from(small.getImageData(0, 0, 32, 18).data.filter((value, index) => index % 4 < 3));
}"""
DRAWN_PIXELS = """(id) => {
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
    """Open the page and wait for both videos. At the end, asserts that no error was logged and removes the load."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app.link)
    for name in NAMES:
        wait_for_video(page, f"#{name}")
    yield page
    page.click("#preset-none")
    for name in NAMES:
        wait_until_set(app, name, infer_repeat=1, python_work_ms=0, session_per_frame=False)
    page.close()
    assert errors == []


def figures(page: Page) -> dict[str, dict[str, float]]:
    """Return all figures of both implementations; a dash is NaN."""
    shown: dict[str, dict[str, float]] = page.evaluate(FIGURES)
    return shown


def viewer_of(app: App, name: str) -> ClientConnection:
    """Connect a viewer to one implementation."""
    facts = json.loads(app.ask("/api/compare").body)
    port = app.port if name == facts["implementation"] else facts["other_port"]
    return connect(f"ws://localhost:{port}/ws/ui", compression=None, proxy=None, max_size=None)


def settings_of(app: App, name: str) -> dict[str, Any]:
    """Return the live settings of an implementation, from its hello message."""
    with viewer_of(app, name) as viewer:
        while isinstance(message := viewer.recv(timeout=10), bytes) or json.loads(message)["type"] != "hello":
            pass
    return dict(json.loads(message)["settings"])


def wait_until_set(app: App, name: str, **wanted: float) -> None:
    app.until(lambda: wanted.items() <= settings_of(app, name).items(), f"{name} is set to {wanted}")


def move(page: Page, slider: str, value: int) -> None:
    page.locator(slider).fill(str(value))


def wait_for_figures(page: Page, condition: str, **arguments: float) -> None:
    """Wait until `condition` is true, a JavaScript expression of `threads`, `processes` and `given`."""
    page.wait_for_function(
        f"(given) => {{ const {{ threading: threads, multiprocessing: processes }} = ({FIGURES})(); "
        f"return {condition}; }}",
        arg=arguments,
    )


def shortest_times_ms(page: Page) -> dict[str, float]:
    """Return the shortest inference times that are shown within two seconds: the first ones are those of the start."""
    wait_for_figures(page, "threads['time-ms'] > 0 && processes['time-ms'] > 0")
    shown = []
    for _ in range(10):
        shown.append(figures(page))
        page.wait_for_timeout(200)
    return {name: min(each[name]["time-ms"] for each in shown) for name in NAMES}


@contextmanager
def skipping_if_saturated(page: Page) -> Iterator[None]:
    """Skip instead of fail when other programs used the cores: a stutter then does not show the effect of the GIL."""
    ours = psutil.Process().children(recursive=True)
    before = cpu_times(ours)
    try:
        yield
    except TimeoutError:
        others = usage_between(before, cpu_times(ours)).background.others
        if others > MAX_BACKGROUND_SHARE or page.is_visible("#saturated"):
            pytest.skip(f"other programs used {100 * others:.0f} % of the machine")
        raise


def test_both_videos_move(page: Page) -> None:
    for name in NAMES:
        before = page.evaluate(PIXELS, name)
        assert max(before) - min(before) > 30
        page.wait_for_function(f"([name, before]) => ({PIXELS})(name).join() !== before.join()", arg=[name, before])


def test_all_figures_of_both_are_shown(page: Page, app: App) -> None:
    wait_for_figures(
        page,
        "[threads, processes].every((shown) => Object.values(shown).every(Number.isFinite)"
        " && Math.abs(shown['ui-fps'] - 15) < 3 && Math.abs(shown['result-fps'] - 5) < 1.5"
        " && shown.cpu > 0 && shown.memory > 20)",
    )
    assert page.inner_text("#cores").split()[0] == str(json.loads(app.ask("/api/compare").body)["cores"])


def test_the_chart_is_drawn(page: Page) -> None:
    page.wait_for_function(f"() => ({DRAWN_PIXELS})('intervals') > 0")
    early = page.evaluate(DRAWN_PIXELS, "intervals")
    page.wait_for_function(f"(early) => ({DRAWN_PIXELS})('intervals') > 1.2 * early", arg=early)


def test_controls_change_both(page: Page, app: App) -> None:
    move(page, "#infer-repeat", 3)
    move(page, "#python-work", 20)
    page.check("#session-per-frame")
    for name in NAMES:
        wait_until_set(app, name, infer_repeat=3, python_work_ms=20, session_per_frame=True)


INTERRUPTED_CHOICE = """async (module) => {
    const { Workload } = await import(module);
    const sent = {};
    const workload = new Workload((name, value) => { sent[name] = value; });
    const choose = (id, type, values) => {
        Object.assign(document.getElementById(id), values).dispatchEvent(new Event(type));
    };
    const settings = { infer_repeat: 1, python_work_ms: 0, session_per_frame: false };
    workload.follow(settings);
    choose("infer-repeat", "input", { value: 3 });
    choose("python-work", "input", { value: 20 });
    while (sent.python_work_ms !== 20) await new Promise((resolve) => setTimeout(resolve, 10));
    workload.follow({ ...settings, infer_repeat: 3 });
    choose("session-per-frame", "change", { checked: true });
    while (!sent.session_per_frame) await new Promise((resolve) => setTimeout(resolve, 10));
    return sent;
}"""


def test_a_choice_while_a_server_has_reported_half_of_the_one_before_keeps_both(page: Page) -> None:
    sent = page.evaluate(INTERRUPTED_CHOICE, "/static/compare/workload.js")
    assert sent == {"infer_repeat": 3, "python_work_ms": 20, "session_per_frame": True}


def test_preset_changes_the_controls_and_both_detectors(page: Page, app: App) -> None:
    before = shortest_times_ms(page)
    page.click("#preset-inference")
    for name in NAMES:
        wait_until_set(app, name, infer_repeat=10, python_work_ms=0, session_per_frame=False)
    page.wait_for_selector("#preset-inference[aria-pressed=true]")
    assert page.input_value("#infer-repeat") == "10"
    assert page.get_attribute("#preset-none", "aria-pressed") == "false"
    wait_for_figures(
        page,
        "threads['time-ms'] > 2 * given.threading && processes['time-ms'] > 2 * given.multiprocessing",
        **before,
    )


def test_changes_by_another_viewer_are_shown(page: Page, browser: Browser, app: App) -> None:
    other = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    other.goto(app.link)
    wait_for_video(other, "#threading")
    other.click("#preset-python")
    page.wait_for_function("() => document.getElementById('python-work').value === '100'")
    page.wait_for_selector("#preset-python[aria-pressed=true]")
    other.close()


def test_preset_changes_both_where_they_differed(page: Page, app: App) -> None:
    for name, work_ms in (("multiprocessing", 100), ("threading", 50), ("threading", 0)):
        with viewer_of(app, name) as viewer:
            viewer.send(json.dumps({"type": "set", "name": "python_work_ms", "value": work_ms}))
        wait_until_set(app, name, python_work_ms=work_ms)
        page.wait_for_function(f"() => document.getElementById('python-work').value === '{work_ms}'")
    page.click("#preset-none")
    wait_until_set(app, "multiprocessing", python_work_ms=0)


def test_python_work_makes_threads_stutter_but_not_processes(page: Page) -> None:
    with skipping_if_saturated(page):
        move(page, "#python-work", 100)
        wait_for_figures(
            page,
            "threads.late > 1.3 * processes.late + 10 && threads['deviation-ms'] > 1.3 * processes['deviation-ms']",
        )
        loaded = figures(page)["threading"]["late"]
        move(page, "#python-work", 0)
        wait_for_figures(page, "threads.late < 0.6 * given.loaded", loaded=loaded)
