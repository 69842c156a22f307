"""Fixtures of tests of sources: a camera, and what a source reports of its state."""

from collections.abc import Iterator

import pytest

from tests.support.simulation import Statuses
from tests.support.videos import MjpegCamera


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    with MjpegCamera() as camera:
        yield camera


@pytest.fixture
def statuses() -> Statuses:
    return Statuses()
