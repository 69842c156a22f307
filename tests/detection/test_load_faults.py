"""Files that cannot be loaded: an error of one line with the reason and what to do."""

import zipfile
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from common.detection.detector import load_detector
from common.errors import ModelError
from tests.support.onnx_models import save_yolox, tensor

OPSET, IR = 18, 8


def save_node(path: Path, operator: str, domain: str = "", opset: int = OPSET, ir_version: int = IR) -> None:
    """Write a model of one node, without checking it."""
    node = helper.make_node(operator, ["images"], ["output"], domain=domain)
    graph = helper.make_graph([node], "graph", [tensor("images", [1, 3, 32, 32])], [tensor("output", [1, 3, 32, 32])])
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=ir_version), path)


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as refusal:
        load_detector(path, 1)
    message = str(refusal.value)
    assert message.startswith(f"cannot load {path} as an ONNX model: ")
    assert "\n" not in message
    return message.partition("as an ONNX model: ")[2]


@pytest.mark.parametrize("domain", ["TRT", ""])
def test_operators_of_tensorrt_are_named(tmp_path: Path, domain: str) -> None:
    save_node(tmp_path / "model.onnx", "EfficientNMS_TRT", domain)
    message = refused(tmp_path / "model.onnx")
    assert message.startswith("it was exported for TensorRT, whose operator EfficientNMS_TRT onnxruntime lacks; export")


def test_other_custom_operators_are_named(tmp_path: Path) -> None:
    save_node(tmp_path / "model.onnx", "Decode", "com.acme")
    assert refused(tmp_path / "model.onnx").startswith("it uses the custom operator com.acme:Decode, which")


def test_an_opset_and_an_ir_version_that_are_too_new_are_named(tmp_path: Path) -> None:
    save_node(tmp_path / "opset.onnx", "Identity", opset=99)
    message = refused(tmp_path / "opset.onnx")
    assert message.startswith("its opset 99 is newer than this onnxruntime supports; export it with opset ")
    assert message.endswith(" or lower, or update onnxruntime")
    save_node(tmp_path / "ir.onnx", "Identity", ir_version=99)
    assert refused(tmp_path / "ir.onnx").startswith("its IR version 99 is newer than this onnxruntime supports (")


def test_missing_weights_are_named_with_what_to_copy(tmp_path: Path) -> None:
    path = save_yolox(tmp_path / "model.onnx", height=32, width=32)
    proto = onnx.load(path)
    weights = max(proto.graph.initializer, key=lambda each: each.ByteSize())
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="model.onnx.data")
    path.write_bytes(proto.SerializeToString())
    assert refused(path) == (
        "its weights are in model.onnx.data, which must be beside it under this name; copy both files"
    )
    weights.external_data[0].value = "../model.onnx.data"
    (tmp_path.parent / "model.onnx.data").touch()
    path.write_bytes(proto.SerializeToString())
    assert refused(path) == "its weights are in a file outside of its folder, which is not read"


@pytest.mark.parametrize(
    ("content", "meaning"),
    [
        (b"", "it is truncated, damaged, or not ONNX"),
        (b"not a model\n" * 100, "it is truncated, damaged, or not ONNX"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "it is a pointer of Git LFS; get the file"),
        (b"ftrt" + bytes(100), "it is a TensorRT engine; use the ONNX file"),
        (b"\n<!DOCTYPE html><html>", "it is a web page or XML; download the file itself"),
    ],
)
def test_a_file_that_is_not_onnx_is_refused_for_what_it_is(tmp_path: Path, content: bytes, meaning: str) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    assert refused(tmp_path / "model.onnx").startswith(meaning)


def test_a_pytorch_file_and_half_a_model_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.onnx", "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    assert refused(tmp_path / "model.onnx").startswith("it is a zip archive, as PyTorch's files are; export")
    whole = save_yolox(tmp_path / "whole.onnx").read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path / "half.onnx") == "it is truncated, damaged, or not ONNX"
