"""A model file gives access to no other file: weights may be beside it or below, not elsewhere on disk or in memory.

onnxruntime enforces this. These tests detect a release that does not.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from common.detection.detector import load_detector
from common.errors import ModelError
from tests.support.onnx_models import save_yolox, tensor

BLANK = np.zeros((90, 160, 3), np.uint8)
IN_MEMORY = "*/_ORT_MEM_ADDR_/*"  # onnxruntime's own mark for weights at an address, which the offset gives


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a model, with a secret file above it and links to that file."""
    folder = tmp_path / "model"
    (folder / "weights").mkdir(parents=True)
    (folder / "link.bin").symlink_to("../secret.bin")
    (folder / "linked").symlink_to("..")
    return folder


def move_weights(model: Path, location: str, offset: int = 0) -> bytes:
    """Store the largest weights of `model` outside of its file, as `location`, and return their bytes."""
    proto = onnx.load(model)
    weights = max(proto.graph.initializer, key=lambda each: each.ByteSize())
    content = numpy_helper.to_array(weights).tobytes()
    _point(weights, location, offset, len(content))
    model.write_bytes(proto.SerializeToString())
    return content


def _point(weights: TensorProto, location: str, offset: int, length: int) -> None:
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        weights.external_data.add(key=key, value=value)


@pytest.mark.parametrize("location", ["weights.bin", "weights/weights.bin"])
def test_weights_beside_the_model_are_read(folder: Path, location: str) -> None:
    model = save_yolox(folder / "finder.onnx", height=32, width=32)
    (folder / location).write_bytes(move_weights(model, location))
    assert load_detector(model, 1).detect(BLANK, 0.5).detections == []


@pytest.mark.parametrize(
    "location",
    ["../secret.bin", "weights/../../secret.bin", "{folder}/../secret.bin", "link.bin", "linked/secret.bin"],
)
def test_weights_elsewhere_are_refused(folder: Path, location: str) -> None:
    model = save_yolox(folder / "finder.onnx", height=32, width=32)
    content = move_weights(model, location.format(folder=folder))
    (folder.parent / "secret.bin").write_bytes(content)  # just what the model would need
    refused(model)


@pytest.mark.parametrize("location", ["../secret.bin", "link.bin"])
def test_weights_elsewhere_are_refused_in_a_branch_too(folder: Path, location: str) -> None:
    (folder.parent / "secret.bin").write_bytes(np.zeros(4, np.float32).tobytes())
    weights = numpy_helper.from_array(np.zeros(4, np.float32), "weights")
    _point(weights, location, 0, 16)
    one, other = tensor("one", [4]), tensor("other", [4])
    then = helper.make_graph([helper.make_node("Identity", ["weights"], ["one"])], "then", [], [one], [weights])
    otherwise = helper.make_graph(
        [helper.make_node("Constant", [], ["other"], value_floats=[1.0] * 4)], "else", [], [other]
    )
    branch = helper.make_node("If", ["x"], ["y"], then_branch=then, else_branch=otherwise)
    x = tensor("x", [1], TensorProto.BOOL)
    proto = helper.make_model(
        helper.make_graph([branch], "graph", [x], [tensor("y", [4])]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    model = folder / "branch.onnx"
    model.write_bytes(proto.SerializeToString())
    assert "format" not in refused(model)  # its outputs are not even examined


def test_weights_in_the_memory_of_the_process_are_refused(folder: Path) -> None:
    model = save_yolox(folder / "finder.onnx", height=32, width=32)
    secret = np.ones(10_000, np.float32)
    move_weights(model, IN_MEMORY, secret.ctypes.data)
    refused(model)


def refused(model: Path) -> str:
    with pytest.raises(ModelError) as refusal:
        load_detector(model, 1)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)
