"""The wall of a running app with four cameras and two processors: from the wall to a camera, its layers, and back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.apps import App, running
from tests.support.pages import opened, wait_for_text, wait_for_video, wait_until
from tests.support.videos import write_clip

CAMERAS = ("gate", "yard", "road", "dock")
LAYERS = {"vehicles": (86, 180, 233), "people": (230, 159, 0)}  # the colours of the first and of the second processor
COUNT_PIXELS = """(canvas, colour) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let count = 0;
    for (let at = 0; at < pixels.length; at += 4) {
        count += colour.every((value, i) => Math.abs(pixels[at + i] - value) < 4) && pixels[at + 3] > 0;
    }
    return count;
}"""


PROCESSORS = """
from common.processing import Detection, Frame


def vehicles(frame: Frame) -> list[Detection]:
    return [Detection("car", 0.9, (0.1, 0.3, 0.3, 0.7))]


def people(frame: Frame) -> list[Detection]:
    return [Detection("person", 0.9, (0.6, 0.3, 0.8, 0.7))]
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("wall")
    clip, code = write_clip(folder / "clip.avi", 60, 30), folder / "processors.py"
    code.write_text(PROCESSORS)
    lines = [f'[[cameras]]\nname = "{name}"\nsource = "{clip}"' for name in CAMERAS]
    lines += [f'[[processors]]\nname = "{name}"\nrun = "{code}:{name}"\nfps = 3' for name in LAYERS]
    file = folder / "vision.toml"
    file.write_text("\n".join(lines))
    with running("--config", str(file)) as app:
        app.wait_until_ready()
        yield app


def wait_for_layers(page: Page, overlay: str, *shown: str) -> None:
    """Wait until boxes of exactly these processors are drawn on an overlay."""

    def drawn() -> set[str]:
        canvas = page.locator(overlay)
        return {name for name, colour in LAYERS.items() if canvas.evaluate(COUNT_PIXELS, list(colour)) > 20}

    wait_until(page, lambda: drawn() == set(shown), f"boxes of {shown}")


def test_from_the_wall_to_a_camera_its_layers_and_back(app: App, browser: Browser) -> None:
    with opened(browser, app.link) as page:
        wait_until(page, lambda: page.locator(".tile[data-state=ok]").count() == 4, "four live tiles")
        for number in range(len(CAMERAS)):
            wait_for_layers(page, f".tile:nth-child({number + 1}) .overlay", *LAYERS)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        wait_until(page, lambda: page.is_visible("#viewer") and page.url.endswith("#yard"), "the second camera")
        wait_for_video(page, "#viewer")
        wait_for_layers(page, "#viewer .overlay", *LAYERS)
        page.click("#layers >> text=people")
        wait_for_layers(page, "#viewer .overlay", "vehicles")
        page.click("#mode-synced")
        wait_for_layers(page, "#viewer .overlay", "vehicles")
        page.keyboard.press("ArrowRight")
        wait_until(page, lambda: page.inner_text("#cameras [aria-selected=true]") == "road", "the next camera")
        page.click("#layers >> text=people")
        wait_for_layers(page, "#viewer .overlay", *LAYERS)
        page.keyboard.press("Escape")
        wait_until(page, lambda: page.is_visible("#wall") and not page.is_visible("#viewer"), "the wall")
        wait_until(page, lambda: page.evaluate("document.activeElement.hash") == "#road", "focus on the last camera")
        wait_until(page, lambda: page.locator(".tile[data-state=ok]").count() == 4, "four live tiles")


def test_figures_are_those_of_the_shown_camera_and_not_of_all(app: App, browser: Browser) -> None:
    with opened(browser, f"{app.link}#gate") as page:
        for name, fps in (("captured", 30), ("sent", 15), ("queued", 6), ("processed", 6)):
            figure, shown = f"#rate-{name}", ["–"]

            def has_a_rate(figure: str = figure, shown: list[str] = shown) -> bool:
                shown.append(page.inner_text(figure))
                return shown[-1] not in ("–", "0.0")

            wait_until(page, has_a_rate, name)
            assert float(shown[-1]) < 2 * fps  # that of four cameras would be 4 × fps
            wait_for_text(page, f"tr:has({figure}) .of", f"/ {fps}")
