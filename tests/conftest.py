"""What the tests share: the two implementations, for the suites that both must pass, and a small source and model."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import multiprocessing_impl
import threading_impl
from common.interfaces import Runtime
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # see common/detection/__init__.py

# A process inherits which signals are ignored. Where the tests were started by nohup or in the background of a script,
# the apps that they start would not hear of a terminal that hangs up, nor of Ctrl-C.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=[threading_impl.RUNTIME, multiprocessing_impl.RUNTIME], ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """One implementation, then the other."""
    implementation: Runtime = request.param
    return implementation


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags for a clip and a model that load at once, and cost little."""
    folder = tmp_path_factory.mktemp("small")
    clip, model = write_clip(folder / "clip.avi", 60, 30), save_yolox(folder / "finder.onnx")
    return "--source", str(clip), "--model", str(model)


@pytest.fixture(scope="module")  # not of the session: Playwright's event loop would disturb asynchronous tests
def browser() -> Iterator["Browser"]:
    """A Chromium for the tests of a module."""
    from tests.support.pages import chromium  # imports playwright, which the environment of the training lacks

    with chromium() as browser:
        yield browser
