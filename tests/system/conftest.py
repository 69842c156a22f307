"""Fixtures of tests of the page: a server without roles, a role that the test plays, and the connected page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.pages import Role, opened, playing_role, wait_for_text
from tests.support.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def role(server: Server) -> Iterator[Role]:
    with playing_role(server) as role:
        yield role


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    with opened(browser, f"http://localhost:{server.port}/") as page:
        wait_for_text(page, "#connection", "connected")
        yield page
