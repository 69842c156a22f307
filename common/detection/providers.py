"""Execution providers: their names, their options, and the order in which `auto` tries them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from common.config.fields import ProviderName
from common.errors import ProviderError, SettingsError

NAMES: dict[ProviderName, str] = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""The names of onnxruntime by those of the setting, the fastest first."""

# The plain package for macOS contains it. Without another package `auto` is the CPU on every system.
NOT_AUTOMATIC: tuple[ProviderName, ...] = ("coreml",)
REQUIREMENTS: dict[ProviderName, str] = {
    "tensorrt": "requirements-cuda.txt",
    "cuda": "requirements-cuda.txt",
    "openvino": "requirements-openvino.txt",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExecutionOptions:
    """What to run a model on.

    `provider` is a key of NAMES or "auto". `device` is in the notation of the provider, None for its default.
    Compiled models are kept in `cache_folder`; without one they are compiled at each start.
    """

    provider: ProviderName = "cpu"
    device: str | None = None
    cache_folder: Path | None = None


ON_CPU = ExecutionOptions()


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider in use, why those that were tried before it failed, and why others were not tried."""

    provider: ProviderName
    failures: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def warning(self) -> str | None:
        """A sentence if the model runs on the CPU because every accelerator failed."""
        if self.provider != "cpu" or not self.failures:
            return None
        return f"inference runs on the CPU: {'; '.join(self.failures)}"

    def __str__(self) -> str:
        reasons = "; ".join((*self.failures, *self.skipped))
        return f"{self.provider} ({reasons})" if reasons else self.provider


def providers_to_try(wanted: ProviderName, available: Sequence[str]) -> tuple[list[ProviderName], list[str]]:
    """Return the keys of NAMES to try in this order, of which the last is the CPU, and why faster ones are skipped.

    `available` are the names that onnxruntime lists. Raises SettingsError if `wanted` is not among them.
    """
    installed = [name for name, full_name in NAMES.items() if full_name in available]
    if wanted == "auto":
        absent = [name for name in NAMES if name not in installed]
        skipped = [f"not installed: {', '.join(absent)}"] if absent else []
        skipped += [f"not automatic: {name}" for name in NOT_AUTOMATIC if name in installed]
        return [name for name in installed if name not in NOT_AUTOMATIC], skipped
    if wanted not in installed:
        advice = f"; install {REQUIREMENTS[wanted]}" if wanted in REQUIREMENTS else ""
        raise SettingsError(
            f"provider {wanted!r} is not part of the installed onnxruntime, which has {', '.join(installed)}{advice}"
        )
    return ["cpu"] if wanted == "cpu" else [wanted, "cpu"], []


def load_on_best(
    execution: ExecutionOptions, available: Sequence[str], load: Callable[[ExecutionOptions, Choice], T]
) -> T:
    """Call `load` for one provider after another until it raises no ProviderError, and return its result.

    Raises what `load` raises on the CPU, any other error at once, and SettingsError as `providers_to_try` does.
    """
    (*accelerators, last), skipped = providers_to_try(execution.provider, available)
    failures: list[str] = []
    for provider in accelerators:
        try:
            return load(replace(execution, provider=provider), Choice(provider, tuple(failures), tuple(skipped)))
        except ProviderError as error:
            failures.append(f"{provider}: {error}")
    return load(replace(execution, provider=last), Choice(last, tuple(failures), tuple(skipped)))


def keeps_engines(execution: ExecutionOptions) -> bool:
    """Return whether the provider can keep a compiled model for the next start.

    With OpenVINO on the CPU it takes 0.2 s to compile one, and release 1.24.1 rejects those that it has kept.
    """
    match execution.provider:
        case "openvino":
            return execution.device not in (None, "CPU")
        case name:
            return name in ("tensorrt", "coreml")


def provider_options(execution: ExecutionOptions, threads: int) -> dict[str, str]:
    """Return the options of the provider itself, as https://onnxruntime.ai/docs/execution-providers/ lists them."""
    given: dict[str, str | None] = {}
    device, cache = execution.device, str(execution.cache_folder or "")
    match execution.provider:
        case "openvino":
            given = {"device_type": device or "CPU", "num_of_threads": str(threads), "cache_dir": cache}
        case "tensorrt":
            enable = "1" if cache else ""
            given = {
                "device_id": device,
                "trt_engine_cache_enable": enable,
                "trt_engine_cache_path": cache,
                "trt_timing_cache_enable": enable,
                "trt_timing_cache_path": cache,
            }
        case "coreml":
            given = {"MLComputeUnits": device, "ModelCacheDirectory": cache}
        case "cuda" | "directml":
            given = {"device_id": device}
    return {name: value for name, value in given.items() if value}
