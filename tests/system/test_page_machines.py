"""The table of machines on the page, with three nodes of which one is killed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.apps import App
from tests.support.cluster import Cluster, ended, wait_until_ready
from tests.support.node_settings import NODES, write_settings
from tests.support.pages import opened, wait_until

DESKTOP, LAPTOP, PHONE = (1440, 900), (1210, 800), (390, 844)
FLOWING = {  # state, round-trip time, kB/s, age, and the roles
    "gate-box": r"connected \d+\.\d [1-9]\d* \d+ roles provider",
    "gpu-box": r"connected \d+\.\d \d+ – roles processor",
    "hub": r"connected – \d+ – roles server",
}
LOST = r"lost – – – roles –"


@pytest.fixture
def cluster(small: tuple[str, ...], tmp_path: Path) -> Iterator[Cluster]:
    with ended(Cluster(write_settings(tmp_path, small[1], f"model = {small[3]!r}"))) as cluster:
        for node in NODES:
            cluster.start(node)
        yield cluster


def machines(page: Page) -> dict[str, str]:
    """Return the text of both rows of each machine, without its name."""
    texts = [" ".join(row.split()) for row in page.locator("#nodes tr").all_inner_texts()]
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return {name: f"{figures} {roles}" for (name, _, figures), roles in ((row.partition(" "), r) for row, r in pairs)}


def wait_for(page: Page, expected: dict[str, str]) -> None:
    def as_expected() -> bool:
        found = machines(page)
        return found.keys() == expected.keys() and all(re.fullmatch(expected[name], found[name]) for name in found)

    wait_until(page, as_expected, f"{expected} on the page")


def sample(metrics: str, name: str, node: str) -> float | None:
    found = re.search(rf'^{name}{{node="{node}"}} (\S+)$', metrics, re.MULTILINE)
    return float(found[1]) if found else None


def metrics(app: App) -> str:
    return app.ask("/metrics").body.decode()


@pytest.mark.timeout(300)
def test_each_machine_has_its_state_link_traffic_age_and_roles(cluster: Cluster, browser: Browser) -> None:
    hub = cluster.apps["hub"]
    wait_until_ready(hub)
    with opened(browser, hub.link, PHONE) as page:
        wait_for(page, FLOWING)
        for size in (DESKTOP, LAPTOP, PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        text = metrics(hub)
        for name in ("vision_node_round_trip_seconds", "vision_node_frame_age_seconds"):
            value = sample(text, name, "gate-box")
            assert value is not None
            assert 0 < value < 5
        cluster.kill("gpu-box")
        del cluster.apps["gpu-box"]
        wait_for(page, FLOWING | {"gpu-box": LOST})
        assert page.locator("#nodes tr[data-state=lost]").count() == 1
    text = metrics(hub)
    assert sample(text, "vision_node_connected", "gpu-box") == 0
    assert sample(text, "vision_node_round_trip_seconds", "gpu-box") is None
