"""Fixture of tests of the server: one on loopback, without a token, with one camera and one processor."""

from collections.abc import Iterator

import pytest

from tests.support.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server
