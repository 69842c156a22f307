"""The folders of compiled models: one per provider, release and content."""

from dataclasses import replace
from pathlib import Path

import pytest

from common.detection.engine_cache import discard_engines, engine_folder
from common.detection.providers import ExecutionOptions

RELEASE = "1.32.0"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    model = tmp_path / "net.onnx"
    model.write_bytes(b"weights")
    return model


@pytest.fixture
def execution(tmp_path: Path) -> ExecutionOptions:
    return ExecutionOptions("tensorrt", None, tmp_path / "cache")


def folder(model: Path, execution: ExecutionOptions, release: str = RELEASE) -> Path:
    found = engine_folder(model, execution, release)
    assert found is not None
    assert found.is_dir()
    return found


def test_the_same_model_has_the_same_folder_wherever_it_is(model: Path, execution: ExecutionOptions) -> None:
    first = folder(model, execution)
    assert first.parent.name == "tensorrt"
    assert folder(model.rename(model.with_name("other.onnx")), execution) == first


def test_other_weights_another_release_and_another_provider_have_another_folder(
    model: Path, execution: ExecutionOptions, tmp_path: Path
) -> None:
    folders = [folder(model, execution), folder(model, execution, "1.33.0")]
    folders.append(folder(model, ExecutionOptions("openvino", "GPU", tmp_path / "cache")))
    model.with_name("net.onnx.data").write_bytes(b"external weights")
    folders.append(folder(model, execution))
    model.with_name("net.onnx.data").write_bytes(b"retrained weights")
    folders.append(folder(model, execution))
    model.write_bytes(b"another graph")
    folders.append(folder(model, execution))
    assert len(set(folders)) == 6


@pytest.mark.parametrize(
    "execution", [ExecutionOptions("cpu"), ExecutionOptions("cuda"), ExecutionOptions("openvino", "CPU")], ids=str
)
def test_providers_that_keep_nothing_have_no_folder(model: Path, execution: ExecutionOptions, tmp_path: Path) -> None:
    assert engine_folder(model, replace(execution, cache_folder=tmp_path / "cache"), RELEASE) is None
    assert not (tmp_path / "cache").exists()


def test_without_a_cache_folder_there_is_none(model: Path) -> None:
    assert engine_folder(model, ExecutionOptions("tensorrt"), RELEASE) is None
    assert not discard_engines(model, ExecutionOptions("tensorrt"), RELEASE)


def test_discarding_reports_whether_there_was_anything(model: Path, execution: ExecutionOptions) -> None:
    assert not discard_engines(model, execution, RELEASE)
    engine = folder(model, execution) / "net.engine"
    assert not discard_engines(model, execution, RELEASE)
    engine.write_bytes(b"engine")
    assert discard_engines(model, execution, RELEASE)
    assert not engine.exists()
