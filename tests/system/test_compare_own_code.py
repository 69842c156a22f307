"""`compare` with code of one's own: its processing time is shown, and no load is offered, which only a detector has."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.support.apps import running
from tests.support.pages import opened, wait_until

CODE = """
import time
from common.processing import Result


def process(frame):
    time.sleep(0.02)
    return Result()
"""


def test_the_processing_time_is_shown_and_no_load_is_offered(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    with running("compare", "--processor", f"{file}:process") as app:
        app.wait_until_ready()
        with opened(browser, app.link, (800, 900)) as page:

            def times() -> list[float]:
                return [float(text) for text in page.locator(".time-ms").all_inner_texts() if text != "–"]

            wait_until(page, lambda: len(times()) == 2 and min(times()) >= 20, "both times")
            assert page.locator(".time-name").all_inner_texts() == ["processing", "processing"]
            assert page.is_disabled("#preset-python")
            assert page.is_visible("#hint-own-code")
