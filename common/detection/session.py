"""Inference sessions: open an ONNX file with onnxruntime on one execution provider, describe it, and run it."""

import contextlib
import io
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime as ort

from common.detection.engine_cache import engine_folder
from common.detection.load_faults import explain
from common.detection.providers import NAMES, ON_CPU, ExecutionOptions, provider_options
from common.detection.tensors import Tensors, TensorSpec
from common.errors import ModelError, ProviderError
from common.text import printable_line

RELEASE: str = ort.__version__
# An exception of onnxruntime may begin with the file, line and signature of the C++ function that raised it.
CPP_LOCATION = re.compile(r"\S+\.(?:cc|cpp|h):\d+ .*?\)(?: const)? ")


class Session:
    """An open model. Its inputs, outputs, metadata and producer are as the file states them."""

    def __init__(self, session: Any, provider: str) -> None:
        self._session = session
        self._error = ModelError if provider == "cpu" else ProviderError
        self.inputs = _specs(session.get_inputs())
        self.outputs = _specs(session.get_outputs())
        about = session.get_modelmeta()
        self.metadata: Mapping[str, str] = about.custom_metadata_map
        self.producer: str = about.producer_name

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> Tensors:
        """Return the values of `outputs`, in that order, for the inputs in `feed`. Raises ModelError."""
        try:
            values: Tensors = self._session.run(outputs, feed)
        except Exception as error:  # the exceptions of onnxruntime have no common base below Exception
            raise self._error(f"failed on a frame: {_reason(error)}") from error
        return values


def available_providers() -> list[str]:
    """Return the execution providers of the installed onnxruntime, by its own names."""
    return list(ort.get_available_providers())


def open_session(path: Path, threads: int, execution: ExecutionOptions = ON_CPU) -> Session:
    """Open the ONNX file at `path` on the provider in `execution` (not `auto`), with `threads` threads of the CPU.

    Raises ModelError if the file is missing or cannot be loaded, and ProviderError if the provider cannot load it.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        if regular:
            path.open("rb").close()  # onnxruntime reports a missing permission as "system error number 13"
    except OSError as error:
        raise ModelError(f"cannot open the model {path}: {error.strerror}") from error
    if not regular:
        raise ModelError(f"cannot open the model {path}: not a file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while waiting for work use 30 % of a core at 5 frames a second.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Fatal only: every lesser error is raised as an exception too, and reported to the user once.
    options.log_severity_level = 4
    if execution.provider != "cpu":
        return _open_accelerated(path, threads, execution, options)
    try:
        return Session(_create(path, options, [NAMES["cpu"]]), "cpu")
    except Exception as error:  # see Session.run
        raise ModelError(f"cannot load {path} as an ONNX model: {explain(path, _message(error))}") from error


def _open_accelerated(path: Path, threads: int, execution: ExecutionOptions, options: Any) -> Session:
    name = NAMES[execution.provider]
    engines = engine_folder(path, execution, RELEASE)
    providers: list[Any] = [(name, provider_options(replace(execution, cache_folder=engines), threads))]
    if execution.provider == "tensorrt":  # the operators that TensorRT lacks
        cuda = replace(execution, provider="cuda")
        providers.append((NAMES["cuda"], provider_options(cuda, threads)))
    if execution.provider in ("tensorrt", "cuda"):
        # CUDA and cuDNN as Python packages are not on the library path. The output is about missing ones.
        with contextlib.redirect_stdout(io.StringIO()):
            ort.preload_dlls()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    try:
        session = _create(path, options, providers)
    except Exception as error:  # see Session.run
        raise ProviderError(_reason(error)) from error
    _check_in_use(session, name)
    return Session(session, execution.provider)


def _create(path: Path, options: Any, providers: Sequence[Any]) -> Any:
    # With its fallback enabled, onnxruntime prints a failure of a provider and continues on the CPU.
    return ort.InferenceSession(path, options, providers=providers, enable_fallback=False)


def _check_in_use(session: Any, name: str) -> None:
    """Raise ProviderError if the session was created without the provider `name`, or does not use it."""
    if name not in session.get_providers():  # for example without its libraries or its device
        raise ProviderError("onnxruntime could not load it and has logged the reason")
    assignment = getattr(session, "get_provider_graph_assignment_info", None)  # absent in older releases
    if assignment and all(part.ep_name != name for part in assignment()):
        raise ProviderError("it supports no part of the model, or not the device")


def _specs(arguments: Sequence[Any]) -> list[TensorSpec]:
    """Return the inputs or outputs of a session; a dimension with a name, or without a size, is open (None)."""
    return [
        TensorSpec(
            argument.name,
            argument.type.removeprefix("tensor(").removesuffix(")"),
            tuple(size if isinstance(size, int) and size > 0 else None for size in argument.shape),
        )
        for argument in arguments
    ]


def _reason(error: Exception) -> str:
    """Return the message of onnxruntime without "[ONNXRuntimeError] : number : NAME : ", on one line."""
    return printable_line(_message(error), 200).rstrip(".")


def _message(error: Exception) -> str:
    return CPP_LOCATION.sub("", str(error).split(" : ", 3)[-1])
