"""Resolution of the source and model settings, and the errors for a missing file."""

from pathlib import Path

import pytest

from common.errors import ModelError, SourceError
from common.model_zoo.resolve import default_model, resolve_model, resolve_source, sample_clip

MODELS = Path(__file__).resolve().parents[2] / "models"


def put(*parts: Path | str) -> Path:
    path = Path(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty checkout, with nothing beside it."""
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def test_a_missing_bundled_file_is_reported_with_the_alternative(root: Path) -> None:
    with pytest.raises(SourceError, match=r"road\.mp4, is missing; .*--source PATH"):
        sample_clip(root)
    with pytest.raises(ModelError, match=r"tiny-yolov3-road\.onnx, is missing; .*--model PATH"):
        default_model(root)


def test_sample_and_default_are_the_bundled_files(root: Path) -> None:
    clip, model = put(root, "common/sample/road.mp4"), put(root, "models/tiny-yolov3-road.onnx")
    assert resolve_source("sample", root) == str(clip)
    assert resolve_model("default", root) == model


@pytest.mark.parametrize("source", ["0", "12", "rtsp://ann:pa55@camera/road", "http://127.0.0.1:1/none.mjpg"])
def test_indexes_and_urls_are_returned_unchanged(source: str) -> None:
    assert resolve_source(source) == source


def test_a_path_is_relative_to_the_working_folder_or_to_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, model = put(root, "road.mp4"), put(root, "mine.onnx")
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(root))
    assert (resolve_source("road.mp4"), resolve_source("~/road.mp4")) == (str(clip), str(clip))
    assert (resolve_model("mine.onnx"), resolve_model("~/mine.onnx")) == (model, model)


@pytest.mark.parametrize("source", ["none.mp4", "-1", "x" * 5000, "a\0b"])
def test_a_missing_source_is_refused(source: str) -> None:
    with pytest.raises(SourceError, match="does not exist; give a video file"):
        resolve_source(source)


def test_a_mistyped_url_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError) as refusal:
        resolve_source("rtsp:/ann:pa55@camera/road")
    assert "camera/road" in str(refusal.value)
    assert "pa55" not in str(refusal.value)


def test_a_folder_is_not_a_source(root: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        resolve_source(str(root))


def test_a_model_is_found_by_its_name_without_folder_and_suffix(root: Path) -> None:
    model = put(root, "models/night.onnx")
    assert resolve_model("night", root) == model


@pytest.mark.parametrize("model", ["none", "models", "../night", "x" * 5000, "a\0b"])
def test_a_missing_model_is_refused_with_the_existing_names(root: Path, model: str) -> None:
    put(root, "models/night.onnx")
    put(root, "models/day.onnx")
    with pytest.raises(ModelError, match="is neither a file nor one of default, day, night"):
        resolve_model(model, root)


def test_a_model_that_is_not_downloaded_is_refused_with_the_command(root: Path) -> None:
    put(root, "models/catalogue.toml").write_bytes((MODELS / "catalogue.toml").read_bytes())
    with pytest.raises(
        ModelError, match=r"'tiny-yolov3' is not downloaded; run: python main\.py models fetch tiny-yolov3$"
    ):
        resolve_model("tiny-yolov3", root)
    with pytest.raises(ModelError, match="is neither a file nor one of default"):
        resolve_model("tiny-yolov3-road", root)  # bundled, so without a download
    model = put(root, "models/tiny-yolov3.onnx")
    assert resolve_model("tiny-yolov3", root) == model


def test_a_partial_download_is_not_a_model(root: Path) -> None:
    put(root, "models/night.onnx.part")
    for name in ("night", "night.onnx", "night.onnx.part"):
        with pytest.raises(ModelError, match=r"is neither a file nor one of default$"):
            resolve_model(name, root)
