"""The report in Chromium: on a phone its tables need no sideways scrolling."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmark.report.full_report import report_of
from benchmark.report.report import write
from benchmark.results import AnyResults
from tests.support.benchmarks import cameras_results, cameras_run, pipeline_results, viewers_results, viewers_run
from tests.support.pages import PHONE, WIDE, opened

CAMERAS = cameras_results(cameras_run("threading", "none", 1, ui_fps=15))
VIEWERS = viewers_results(viewers_run("threading", (15.0,)), viewers_run("multiprocessing", (15.0,)))


@pytest.mark.parametrize("results", [pipeline_results(), CAMERAS, VIEWERS], ids=["pipeline", "cameras", "viewers"])
def test_every_figure_of_a_table_is_in_sight_with_its_name(
    tmp_path: Path, browser: Browser, results: AnyResults
) -> None:
    write(report_of(results), tmp_path)
    with opened(browser, (tmp_path / "report.html").as_uri(), PHONE) as page:
        assert page.locator("thead").first.is_hidden()
        for table in page.locator(".scroll").all():
            assert table.evaluate("each => each.scrollWidth <= each.clientWidth")
        shown = page.locator("td[data-label]").first.evaluate("each => getComputedStyle(each, '::before').content")
        assert shown.strip('"') == page.locator("td[data-label]").first.get_attribute("data-label")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        assert page.locator("thead").first.is_visible()
