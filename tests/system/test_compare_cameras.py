"""`compare` with several cameras: both implementations show the camera that is chosen."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.support.apps import running
from tests.support.onnx_models import save_yolox
from tests.support.pages import opened, wait_for_video, wait_until

NAMES = ("threading", "multiprocessing")
BRIGHT_SIDE = """(name) => {
    const small = new OffscreenCanvas(2, 1).getContext("2d");
    small.drawImage(document.querySelector(`#${name} .video`), 0, 0, 2, 1);
    const [left, , , , right] = small.getImageData(0, 0, 2, 1).data;
    return left > right + 60 ? "left" : right > left + 60 ? "right" : "none";
}"""


def write_half_bright_clip(path: Path, side: str) -> Path:
    """Write a clip of which one half is bright, and the other half has noise, so that frames differ."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (160, 90))
    random = np.random.default_rng(0)
    for _ in range(60):
        image = random.integers(0, 60, (90, 160, 3), np.uint8)
        image[:, slice(0, 80) if side == "left" else slice(80, 160)] = 250
        writer.write(image)
    writer.release()
    return path


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cameras")
    sources = [f"--source={side}={write_half_bright_clip(folder / f'{side}.avi', side)}" for side in ("left", "right")]
    with running("compare", *sources, "--model", str(save_yolox(folder / "finder.onnx"))) as app:
        app.wait_until_ready()
        yield app.link


def wait_for_camera(page: Page, side: str) -> None:
    """Wait until both implementations show the camera whose `side` is bright, with a frame rate of its own."""
    for name in NAMES:
        wait_for_video(page, f"#{name}")
        page.wait_for_function(f"([name, side]) => ({BRIGHT_SIDE})(name) === side", arg=[name, side])
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ui-fps')].every((figure) => Math.abs(figure.textContent - 15) < 3)"
    )


def test_both_implementations_show_the_chosen_camera(browser: Browser, link: str) -> None:
    with opened(browser, link, (800, 900)) as page:
        wait_for_camera(page, "left")
        assert page.locator("#cameras button").all_inner_texts() == ["left", "right"]
        page.click("#cameras button:has-text('right')")
        wait_for_camera(page, "right")
        assert page.inner_text("#source") == "right.avi"
        wait_until(page, lambda: page.url.endswith("#right"), "the address")


def test_the_address_chooses_the_camera(browser: Browser, link: str) -> None:
    with opened(browser, f"{link}compare#right", (800, 900)) as page:
        wait_for_camera(page, "right")
