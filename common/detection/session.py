"""Inference sessions: open an ONNX file with onnxruntime, describe it, and run it."""

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from common.detection.tensors import Tensors, TensorSpec
from common.errors import ModelError
from common.text import plain


class Session:
    """An open model. `inputs` and `outputs` are as the file declares them, `metadata` is its own."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.inputs = _specs(session.get_inputs())
        self.outputs = _specs(session.get_outputs())
        self.metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map

    def run(self, outputs: Sequence[str], feed: Mapping[str, Any]) -> Tensors:
        """The values of `outputs`, in that order, for the inputs in `feed`. Raises ModelError."""
        try:
            values: Tensors = self._session.run(outputs, feed)
        except Exception as error:  # the exceptions of onnxruntime have no common base below Exception
            raise ModelError(f"failed on a frame: {_reason(error)}") from error
        return values


def open_session(path: Path, threads: int) -> Session:
    """The model in the ONNX file at `path`, with `threads` threads for the inference.

    Raises ModelError when the file is missing or cannot be loaded.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
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
    try:
        return Session(ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
    except Exception as error:  # see Session.run
        raise ModelError(f"cannot load {path} as an ONNX model: {_reason(error)}") from error


def _specs(arguments: Sequence[Any]) -> list[TensorSpec]:
    """The inputs or outputs of a session; a dimension with a name, or without a size, is open (None)."""
    return [
        TensorSpec(
            argument.name,
            argument.type.removeprefix("tensor(").removesuffix(")"),
            tuple(size if isinstance(size, int) and size > 0 else None for size in argument.shape),
        )
        for argument in arguments
    ]


def _reason(error: Exception) -> str:
    """The message of onnxruntime without "[ONNXRuntimeError] : number : NAME : ", on one line."""
    return plain(str(error).split(" : ", 3)[-1], 200)
