"""What happens when an accelerator cannot load or run a model.

The plain onnxruntime has the CPU provider only. Where it is asked for another one, it creates a session without that
provider, as the packages with accelerators do when a driver is missing. `Accelerator` stands for one that works.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from common.detection import session
from common.detection.detector import load_detector
from common.detection.providers import ExecutionOptions
from common.detection.session import open_session
from common.errors import ModelError, ProviderError, SettingsError
from tests.support.onnx_models import save_identity, save_yolox

GREY = np.full((432, 768, 3), 90, np.uint8)
CUDA = "CUDAExecutionProvider"


class Accelerator:
    """A session of the CPU provider under the name of the first provider that was requested."""

    requested: tuple[Any, ...] = ()
    takes_nodes = True
    fails: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, path: Path, options: Any, providers: list[Any], enable_fallback: bool) -> None:
        assert not enable_fallback
        type(self).requested = (options, *providers)
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        first = providers[0]
        self._name = first if isinstance(first, str) else first[0]
        if self._name != "CPUExecutionProvider" and self.fails_at_load:
            raise RuntimeError(self.fails_at_load)

    fails_at_load = ""

    def get_providers(self) -> list[str]:
        return [self._name, "CPUExecutionProvider"]

    def get_provider_graph_assignment_info(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(ep_name=self._name if self.takes_nodes else "CPUExecutionProvider")]

    def run(self, *arguments: Any) -> Any:
        if self._name != "CPUExecutionProvider":
            self.fails()
        return self._session.run(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_yolox(tmp_path / "yolox.onnx")


@pytest.fixture(autouse=True)
def _available(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["TensorrtExecutionProvider", CUDA, "OpenVINOExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: names)


@pytest.fixture
def accelerator(monkeypatch: pytest.MonkeyPatch) -> type[Accelerator]:
    class Accelerated(Accelerator):
        pass

    monkeypatch.setattr(session, "ort", SimpleNamespace(**{**vars(ort), "InferenceSession": Accelerated}))
    return Accelerated


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_session_that_onnxruntime_creates_without_the_provider_is_not_used(
    model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    detector = load_detector(model, 1, ExecutionOptions("cuda"))
    assert detector.choice.provider == "cpu"
    assert detector.choice.warning == (
        "inference runs on the CPU: cuda: onnxruntime could not load it and has logged the reason"
    )
    assert detector.detect(GREY, 0.3).detections == []
    assert capfd.readouterr().out == ""


def test_a_provider_that_is_not_installed_is_an_error(model: Path) -> None:
    with pytest.raises(SettingsError, match="provider 'coreml' is not part of the installed onnxruntime"):
        load_detector(model, 1, ExecutionOptions("coreml"))


def test_a_provider_that_works_is_used(model: Path, accelerator: type[Accelerator]) -> None:
    detector = load_detector(model, 1, ExecutionOptions("openvino"))
    assert (detector.choice.provider, detector.choice.warning) == ("openvino", None)


def test_a_failure_at_load_is_reported_without_the_place_in_the_source(
    model: Path, accelerator: type[Accelerator]
) -> None:
    accelerator.fails_at_load = (
        "/onnxruntime_src/onnxruntime/python/state.cc:729 void onnxruntime::python::Register(PySessionOptions&, "
        "const onnxruntime::ProviderOptions&) Please install TensorRT libraries\nas mentioned"
    )
    detector = load_detector(model, 1, ExecutionOptions("tensorrt"))
    assert detector.choice.warning == (
        "inference runs on the CPU: tensorrt: Please install TensorRT libraries as mentioned"
    )


def test_a_provider_that_takes_no_part_of_the_model_is_not_used(model: Path, accelerator: type[Accelerator]) -> None:
    accelerator.takes_nodes = False
    detector = load_detector(model, 1, ExecutionOptions("openvino"))
    assert detector.choice.warning == (
        "inference runs on the CPU: openvino: it supports no part of the model, or not the device"
    )


def test_a_provider_that_fails_in_the_first_run_is_not_used(model: Path, accelerator: type[Accelerator]) -> None:
    def fail() -> None:
        raise RuntimeError("[ONNXRuntimeError] : 11 : EP_FAIL : out of memory")

    accelerator.fails = staticmethod(fail)
    detector = load_detector(model, 1, ExecutionOptions("cuda"))
    assert detector.choice.warning == "inference runs on the CPU: cuda: failed on a frame: out of memory"
    assert detector.detect(GREY, 0.3).detections == []


def test_a_provider_that_fails_later_fails_one_frame(model: Path, accelerator: type[Accelerator]) -> None:
    detector = load_detector(model, 1, ExecutionOptions("cuda"))

    def fail() -> None:
        raise RuntimeError("[ONNXRuntimeError] : 11 : EP_FAIL : device lost")

    accelerator.fails = staticmethod(fail)
    with pytest.raises(ProviderError, match="failed on a frame: device lost"):
        detector.detect(GREY, 0.3)
    accelerator.fails = staticmethod(lambda: None)
    assert detector.detect(GREY, 0.3).detections == []


def test_a_model_of_no_known_format_is_refused_without_trying_the_cpu(
    tmp_path: Path, accelerator: type[Accelerator]
) -> None:
    with pytest.raises(ModelError) as raised:
        load_detector(save_identity(tmp_path / "identity.onnx", [1, 2]), 1, ExecutionOptions("cuda"))
    assert not isinstance(raised.value, ProviderError)
    assert accelerator.requested[1][0] == CUDA


@pytest.mark.parametrize("provider", ["cpu", "openvino", "cuda", "tensorrt"])
def test_threads_and_spinning_are_set_for_every_provider(
    model: Path, accelerator: type[Accelerator], provider: Any
) -> None:
    open_session(model, 2, ExecutionOptions(provider))
    options = accelerator.requested[0]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_tensorrt_is_followed_by_cuda_on_the_same_device(model: Path, accelerator: type[Accelerator]) -> None:
    open_session(model, 1, ExecutionOptions("tensorrt", "1"))
    assert [name for name, _ in accelerator.requested[1:]] == ["TensorrtExecutionProvider", CUDA]
    assert accelerator.requested[2] == (CUDA, {"device_id": "1"})


def test_damaged_engines_are_discarded_once(model: Path, accelerator: type[Accelerator], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_detector(model, 1, ExecutionOptions("tensorrt", None, cache))
    engine = Path(accelerator.requested[1][1]["trt_engine_cache_path"]) / "TensorrtExecutionProvider_1.engine"
    engine.write_bytes(b"truncated")

    def fail() -> None:
        if engine.exists():
            raise RuntimeError("TensorRT EP could not deserialize engine from cache")

    accelerator.fails = staticmethod(fail)
    detector = load_detector(model, 1, ExecutionOptions("tensorrt", None, cache))
    assert detector.choice.provider == "tensorrt"
    assert not engine.exists()


def test_a_cache_that_cannot_be_created_is_reported_and_not_used(
    model: Path, accelerator: type[Accelerator], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        load_detector(model, 1, ExecutionOptions("tensorrt", None, tmp_path / "file"))
    assert accelerator.requested[1][1] == {}
    assert "compiled models are not kept: cannot create" in caplog.text
    assert "Not a directory" in caplog.text
