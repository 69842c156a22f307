"""Shared fixtures: both implementations, a small clip and model, a browser; and which tests run alone."""

import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import multiprocessing_impl
import threading_impl
import zenoh_impl
from common.config.settings import Settings
from common.interfaces import Runtime
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TESTS = Path(__file__).parent

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # see common/detection/__init__.py

# Ignored signals are inherited by child processes. Tests that run under nohup, or in the background of a script, would
# start apps that ignore SIGHUP or SIGINT.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


# Tests that measure rates, times or memory get the `alone` mark: `make test` runs them one at a time, and the others
# in two processes (pytest-xdist). Single tests of other files have the mark too.
ALONE = (
    "benchmark/test_cameras.py",
    "benchmark/test_command.py",
    "benchmark/test_consumers.py",
    "benchmark/test_gil.py",
    "benchmark/test_large_frames.py",
    "benchmark/test_measure.py",
    "benchmark/test_nodes.py",
    "benchmark/test_processing.py",
    "benchmark/test_processor_age.py",
    "capture/test_rtsp.py",
    "chaos/",
    "implementations/test_latest_queue.py",
    "implementations/test_several_queues.py",
    "system/test_app.py",
    "system/test_cameras.py",
    "system/test_compare_cameras.py",
    "system/test_compare_page.py",
    "system/test_page.py",
    "system/test_take_over.py",
    "trial/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run alone."""
    for item in items:
        path = item.path.relative_to(TESTS).as_posix()
        if path.startswith(ALONE):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(params=[threading_impl, multiprocessing_impl, zenoh_impl], ids=lambda package: package.__name__)
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    """Each implementation in turn, with its transport open."""
    implementation: Runtime = request.param.runtime(Settings())
    with implementation.transport or nullcontext():
        yield implementation


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return flags for a clip and a model that load fast and use little CPU."""
    folder = tmp_path_factory.mktemp("small")
    clip, model = write_clip(folder / "clip.avi", 60, 30), save_yolox(folder / "finder.onnx")
    return "--source", str(clip), "--model", str(model)


@pytest.fixture(scope="module")  # not of the session: Playwright's event loop would disturb asynchronous tests
def browser() -> Iterator["Browser"]:
    """A Chromium for the tests of a module."""
    from tests.support.pages import chromium  # imports playwright, which the environment of the training lacks

    with chromium() as browser:
        yield browser
