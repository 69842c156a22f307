"""The check of a model file before anything is started."""

from pathlib import Path

import numpy as np
import pytest

from common.detection.onnx_file import check_onnx_file
from common.errors import ModelError
from common.model_zoo.resolve import default_model
from tests.support.onnx_models import save_failing, save_identity, save_yolox


def test_models_pass(tmp_path: Path) -> None:
    check_onnx_file(default_model())
    check_onnx_file(save_yolox(tmp_path / "yolox.onnx"))
    for name, save in (
        ("identity.onnx", lambda path: save_identity(path, [1, 3, 8, 8])),
        ("failing.onnx", save_failing),
    ):
        save(tmp_path / name)
        check_onnx_file(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.9999])
def test_a_truncated_model_is_refused(share: float, tmp_path: Path) -> None:
    whole = default_model().read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelError, match=r"cut\.onnx as an ONNX model: it is truncated, damaged, or not ONNX"):
        check_onnx_file(tmp_path / "cut.onnx")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated, damaged, or not ONNX"),
        (b"\x08\x07", "truncated, damaged, or not ONNX"),  # an IR version without a graph
        (b"\xff" * 100, "truncated, damaged, or not ONNX"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"<!DOCTYPE html>", "web page"),
    ],
)
def test_another_file_is_refused_with_what_it_is(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        check_onnx_file(tmp_path / "other.onnx")


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        (tmp_path / "noise.onnx").write_bytes(random.bytes(1000))
        with pytest.raises(ModelError):
            check_onnx_file(tmp_path / "noise.onnx")


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx: No such file"):
        check_onnx_file(tmp_path / "none.onnx")
