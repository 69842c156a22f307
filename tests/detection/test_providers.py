"""The choice of an execution provider and its options; none of them needs an accelerator."""

from pathlib import Path
from typing import get_args

import onnxruntime as ort
import pytest

from common.config.fields import ProviderName
from common.detection.providers import (
    NAMES,
    Choice,
    ExecutionOptions,
    load_on_best,
    provider_options,
    providers_to_try,
)
from common.errors import ModelError, ProviderError, SettingsError

PLAIN = ["AzureExecutionProvider", "CPUExecutionProvider"]
PLAIN_ON_MACOS = ["CoreMLExecutionProvider", *PLAIN]
GPU = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
OPENVINO = ["OpenVINOExecutionProvider", "CPUExecutionProvider"]
CACHE = Path("/cache")


def test_the_table_has_every_name_of_the_setting_and_names_that_onnxruntime_has() -> None:
    assert {"auto", *NAMES} == set(get_args(ProviderName))
    assert set(NAMES.values()) <= set(ort.get_all_providers())


@pytest.mark.parametrize(
    ("wanted", "available", "tried"),
    [
        ("auto", PLAIN, ["cpu"]),
        ("auto", PLAIN_ON_MACOS, ["cpu"]),
        ("auto", OPENVINO, ["openvino", "cpu"]),
        ("auto", GPU, ["tensorrt", "cuda", "cpu"]),
        ("cpu", GPU, ["cpu"]),
        ("cuda", GPU, ["cuda", "cpu"]),
        ("coreml", PLAIN_ON_MACOS, ["coreml", "cpu"]),
    ],
)
def test_auto_tries_the_fastest_first_and_a_named_one_is_followed_by_the_cpu(
    wanted: ProviderName, available: list[str], tried: list[str]
) -> None:
    assert providers_to_try(wanted, available)[0] == tried


def test_auto_states_why_faster_providers_are_not_tried() -> None:
    _, skipped = providers_to_try("auto", PLAIN_ON_MACOS)
    assert skipped == ["not installed: tensorrt, cuda, directml, openvino", "not automatic: coreml"]


@pytest.mark.parametrize(
    ("wanted", "available", "message"),
    [
        ("openvino", PLAIN, "which has cpu; install requirements-openvino.txt"),
        ("tensorrt", OPENVINO, "which has openvino, cpu; install requirements-cuda.txt"),
        ("directml", PLAIN, "which has cpu"),
    ],
)
def test_a_provider_that_is_not_installed_is_refused_with_what_to_install(
    wanted: ProviderName, available: list[str], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        providers_to_try(wanted, available)
    assert str(raised.value) == f"provider {wanted!r} is not part of the installed onnxruntime, {message}"


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (ExecutionOptions("cpu", "0", CACHE), {}),
        (ExecutionOptions("openvino"), {"device_type": "CPU", "num_of_threads": "2"}),
        (
            ExecutionOptions("openvino", "GPU", CACHE),
            {"device_type": "GPU", "num_of_threads": "2", "cache_dir": "/cache"},
        ),
        (ExecutionOptions("cuda", None, CACHE), {}),
        (ExecutionOptions("cuda", "1"), {"device_id": "1"}),
        (ExecutionOptions("directml", "1"), {"device_id": "1"}),
        (ExecutionOptions("tensorrt"), {}),
        (
            ExecutionOptions("tensorrt", "1", CACHE),
            {
                "device_id": "1",
                "trt_engine_cache_enable": "1",
                "trt_engine_cache_path": "/cache",
                "trt_timing_cache_enable": "1",
                "trt_timing_cache_path": "/cache",
            },
        ),
        (
            ExecutionOptions("coreml", "CPUAndGPU", CACHE),
            {"MLComputeUnits": "CPUAndGPU", "ModelCacheDirectory": "/cache"},
        ),
    ],
    ids=lambda value: "-".join(filter(None, (value.provider, value.device))) if hasattr(value, "provider") else "",
)
def test_device_cache_and_threads_are_options_of_the_provider(
    execution: ExecutionOptions, expected: dict[str, str]
) -> None:
    assert provider_options(execution, threads=2) == expected


def failing(*broken: ProviderName, error: type[ModelError] = ProviderError) -> tuple[list[str], Choice]:
    """Load with `auto` where the `broken` providers fail. Returns those that were tried, and the choice."""
    tried: list[str] = []

    def load(execution: ExecutionOptions, choice: Choice) -> Choice:
        tried.append(execution.provider)
        if execution.provider in broken:
            raise error("no library")
        return choice

    return tried, load_on_best(ExecutionOptions("auto"), GPU, load)


def test_the_first_provider_that_works_is_used() -> None:
    assert failing() == (["tensorrt"], Choice("tensorrt", (), ("not installed: coreml, directml, openvino",)))


def test_a_slower_accelerator_replaces_one_that_fails_without_a_warning() -> None:
    tried, choice = failing("tensorrt")
    assert (tried, choice.provider, choice.warning) == (["tensorrt", "cuda"], "cuda", None)
    assert str(choice) == "cuda (tensorrt: no library; not installed: coreml, directml, openvino)"


def test_the_cpu_replaces_accelerators_that_fail_with_a_warning() -> None:
    tried, choice = failing("tensorrt", "cuda")
    assert (tried, choice.provider) == (["tensorrt", "cuda", "cpu"], "cpu")
    assert choice.warning == "inference runs on the CPU: tensorrt: no library; cuda: no library"


def test_an_error_on_the_cpu_and_any_other_error_is_raised() -> None:
    with pytest.raises(ModelError, match="no library"):
        failing("tensorrt", "cuda", "cpu")
    with pytest.raises(ModelError, match="no library"):
        failing("tensorrt", error=ModelError)
