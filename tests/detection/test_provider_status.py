"""The execution provider in use, as viewers see it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime as ort
import pytest

from common.config.settings import LiveSettings
from common.detection.options import ProcessorOptions
from common.detection.providers import ExecutionOptions
from common.detection.role import run_processor
from common.messaging.publisher import Ingest
from tests.support.onnx_models import save_yolox
from tests.support.servers import PATIENCE_S, Server, next_text, serving
from threading_impl import RUNTIME


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@contextmanager
def processing(server: Server, model: Path, execution: ExecutionOptions) -> Iterator[None]:
    """Run the FrameProcessor role, which gets no frames, in a thread."""
    ingest = Ingest(server.ingest_port, server.ingest_token)
    stop = RUNTIME.stop_signal()
    options = ProcessorOptions(model, execution, LiveSettings())
    arguments = (options, ingest, RUNTIME.latest_queue(), stop)
    role = threading.Thread(target=run_processor, args=arguments)
    role.start()
    try:
        yield
    finally:
        stop.set()
        role.join(PATIENCE_S)
    assert not role.is_alive()


async def inference_status(server: Server) -> dict[str, object]:
    async with server.viewer() as viewer, asyncio.timeout(PATIENCE_S):
        while (status := await next_text(viewer, "status"))["component"] != "inference":
            pass
        return status


async def test_viewers_receive_the_provider_in_use(server: Server, tmp_path: Path) -> None:
    with processing(server, save_yolox(tmp_path / "yolox.onnx"), ExecutionOptions("cpu")):
        status = await inference_status(server)
    assert (status["state"], status["message"]) == ("ok", "runs on cpu")


@pytest.mark.filterwarnings("ignore:Specified provider")
async def test_viewers_are_warned_of_an_accelerator_that_cannot_be_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # onnxruntime without CUDA creates a session without it, as onnxruntime with CUDA does when the driver is missing.
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with processing(server, save_yolox(tmp_path / "yolox.onnx"), ExecutionOptions("auto")):
        status = await inference_status(server)
    assert status["state"] == "degraded"
    assert str(status["message"]).startswith("inference runs on the CPU: cuda: ")
    assert b"inference is degraded" in server.ask("/readyz").body
