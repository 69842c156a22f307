"""`python main.py models check`: the report, and the PNG file with the detections."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest

from common.config.settings import Settings
from common.errors import ModelError, SettingsError, SourceError, UserError
from common.frames import Image
from common.model_commands import check, speed
from common.model_commands.command import main
from common.model_commands.layout import WIDTH
from tests.support.onnx_models import save_identity, save_yolox

ROOT = Path(__file__).resolve().parents[2]
LABELS = {"names": "['red', 'blue']", "license": "MIT\n", "Author": "A\x1b[2Jnn\tB. " + "x" * 500}


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for module in (speed, check):
        monkeypatch.setattr(module, "RUNS", 3)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_yolox(tmp_path / "finder.onnx", metadata=LABELS)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """An image of 400 × 300 with a red rectangle, x 100 to 180, y 50 to 110, on grey."""
    image = np.full((300, 400, 3), 90, np.uint8)
    image[50:110, 100:180] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "scene.png"), image)
    return tmp_path / "scene.png"


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command and returns its output, every line of which fits the terminal."""

    def reported(*words: str | Path) -> str:
        assert main(["check", *map(str, words)]) == 0
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= WIDTH
        assert all(character.isprintable() for line in text.splitlines() for character in line)
        return text

    return reported


def image_of(name: str) -> Image:
    return np.asarray(cv2.imread(name), np.uint8)


def test_the_report_has_inputs_outputs_metadata_format_and_labels(model: Path, report: Callable[..., str]) -> None:
    lines = report(model).splitlines()
    assert lines[0] == "finder.onnx"
    assert "  inputs       images float [1, 3, 416, 416]" in lines
    assert "  outputs      output float [1, 3549, 7]" in lines
    assert "  licence      MIT" in lines
    assert "  labels       2: red, blue" in lines
    assert any(line.startswith("  format       ") for line in lines)
    assert any(line.startswith("  author       A[2Jnn B. xx") for line in lines)
    assert "  description  not stated" in lines


def test_the_speed_is_beside_that_of_the_bundled_model(model: Path, report: Callable[..., str]) -> None:
    lines = report(model, "--provider", "cpu").splitlines()
    title = next(index for index, line in enumerate(lines) if line.startswith("speed in ms: median of 3 runs with "))
    name, *times = lines[title + 2].split()
    assert name == "cpu"
    assert [float(time) > 0 for time in times] == [True] * 4


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_cannot_be_used_is_reported_beside_those_that_can(
    model: Path, report: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    text = report(model)
    assert "\n  cpu  " in text
    assert "finder.onnx not on cuda: onnxruntime could not load it" in text


def test_detections_are_listed_in_pixels_of_the_image(model: Path, scene: Path, report: Callable[..., str]) -> None:
    lines = report(model, "--image", scene).splitlines()
    title = lines.index("detections from score 0.3 in scene.png, 400 × 300 pixels: 1")
    label, score, *corners = lines[title + 2].split()
    assert (label, score) == ("red", "0.90")
    assert [int(corner) for corner in corners] == pytest.approx([100, 50, 180, 110], abs=1)


def test_detections_are_drawn_into_an_enlarged_copy(model: Path, scene: Path, report: Callable[..., str]) -> None:
    before = scene.read_bytes()
    assert report(model, "--image", scene).rstrip().endswith("drawn in finder-check.png")
    drawing = image_of("finder-check.png")
    assert drawing.shape == (960, 1280, 3)
    inside, edge = drawing[256, 448], drawing[256, round(100 * 3.2)]
    assert inside.tolist() == pytest.approx([0, 0, 255], abs=3)
    assert edge.min() > 80  # a light colour
    assert scene.read_bytes() == before


def test_without_an_image_the_bundled_frame_is_used(model: Path, report: Callable[..., str]) -> None:
    assert "in the bundled frame, 640 × 360 pixels" in report(model)
    assert image_of("finder-check.png").shape == (720, 1280, 3)


def test_no_file_is_overwritten(model: Path, report: Callable[..., str]) -> None:
    Path("finder-check.png").write_bytes(b"mine")
    assert "drawn in finder-check-2.png" in report(model)
    assert "drawn in finder-check-3.png" in report(model)
    assert Path("finder-check.png").read_bytes() == b"mine"


def test_the_bundled_model_is_checked_by_its_name(report: Callable[..., str]) -> None:
    text = report("default")
    assert "  labels       6: person, bicycle, car, motorcycle, bus, truck" in text
    assert "  car" in text
    assert "more" in text


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["missing.onnx"], ModelError, "'missing.onnx' is neither a file nor one of default"),
        (["{model}", "--image", "missing.png"], SourceError, "cannot read missing.png: No such file"),
        (["{model}", "--image", "{model}"], SourceError, "is not an image that OpenCV can read"),
        (["{model}", "--provider", "directml"], SettingsError, "--provider: 'directml' is not installed; choose from"),
        (["{model}", "--provider", "auto"], SettingsError, "--provider: 'auto' is not installed; choose from"),
        ([], SettingsError, "the following arguments are required: FILE"),
        (["{model}", "more"], SettingsError, "unrecognized arguments: more"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_printed(
    model: Path, words: list[str], error: type[UserError], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error, match=message):
        main(["check", *(word.format(model=model) for word in words)])
    assert capsys.readouterr().out == ""


def test_an_empty_image_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(SourceError, match="is not an image that OpenCV can read"):
        main(["check", str(model), "--image", "empty.png"])


def test_a_folder_that_cannot_be_written_is_reported(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    with pytest.raises(UserError, match=r"cannot write finder-check\.png: "):
        main(["check", str(model)])


def test_a_refused_model_is_described_before_the_refusal(tmp_path: Path) -> None:
    save_identity(tmp_path / "identity.onnx", [1, 3, 8, 8])
    command = [sys.executable, str(ROOT / "main.py"), "models", "check", "identity.onnx"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "  inputs       x float [1, 3, 8, 8]" in done.stdout
    (error,) = done.stderr.splitlines()
    assert error.startswith(f"error: model {tmp_path / 'identity.onnx'}: ")


def test_ctrl_c_ends_it_without_a_traceback(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "measure", interrupt)
    assert main(["check", str(model)]) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_the_threshold_is_the_default_of_the_app() -> None:
    assert Settings().min_score == speed.MIN_SCORE
