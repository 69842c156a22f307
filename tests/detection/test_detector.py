"""The detector on real ONNX sessions: colours, aspect, boxes, timings, and the models it refuses."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto

from common.detection.detector import Detector, load_detector
from common.detection.preprocessing.placement import Size
from common.errors import ModelError
from common.messaging.messages import Detection
from common.telemetry.machine import inference_threads
from tests.support import scenes
from tests.support.onnx_models import save_failing, save_tiny_yolov3, save_yolox

Save = Callable[..., Path]

SHARED = Path(__file__).parents[2] / ".." / "shared"
YOLOX_NANO = SHARED / "detectors" / "yolox_nano.onnx"
CLIP = SHARED / "clips" / "car_park_768x432_12fps.mp4"
DASHCAM = SHARED / "clips" / "highway_dashcam_1280x720_25fps.mp4"

SIZES = [(432, 768), (768, 432), (416, 416), (1080, 1920), (333, 517), (97, 31), (12, 20)]
LABELS = {"names": "['red', 'blue']"}


def assert_finds_the_scene(detector: Detector, height: int, width: int, canvas: Size = (416, 416)) -> None:
    scenes.assert_finds_the_scene(detector, height, width, canvas)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tiny_yolov3_gives_colours_and_boxes_of_the_frame_as_it_was(tmp_path: Path, height: int, width: int) -> None:
    detector = load_detector(save_tiny_yolov3(tmp_path / "tiny.onnx", metadata=LABELS), 1)
    assert_finds_the_scene(detector, height, width)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_yolox_gives_colours_and_boxes_of_the_frame_as_it_was(tmp_path: Path, height: int, width: int) -> None:
    detector = load_detector(save_yolox(tmp_path / "yolox.onnx", metadata=LABELS), 1)
    assert_finds_the_scene(detector, height, width)


def test_tiny_yolov3_is_accepted_with_every_dimension_left_open(tmp_path: Path) -> None:
    path = save_tiny_yolov3(tmp_path / "tiny.onnx", side=None, index_type=TensorProto.INT32, metadata=LABELS)
    assert_finds_the_scene(load_detector(path, 1), 432, 768)


def test_tiny_yolov3_is_accepted_with_a_flat_selection_and_in_another_order(tmp_path: Path) -> None:
    path = save_tiny_yolov3(tmp_path / "tiny.onnx", side=320, flat_indices=True, shuffled=True, metadata=LABELS)
    assert_finds_the_scene(load_detector(path, 1), 432, 768, canvas=(320, 320))


def test_yolox_is_accepted_on_a_canvas_that_is_not_square(tmp_path: Path) -> None:
    path = save_yolox(tmp_path / "yolox.onnx", height=192, width=320, metadata=LABELS)
    for height, width in ((432, 768), (768, 432)):
        assert_finds_the_scene(load_detector(path, 1), height, width, canvas=(192, 320))


def test_yolox_is_accepted_with_its_dimensions_left_open(tmp_path: Path) -> None:
    assert_finds_the_scene(load_detector(save_yolox(tmp_path / "y.onnx", dynamic=True, metadata=LABELS), 1), 432, 768)


def test_yolox_of_another_size_than_the_default_of_an_open_one_is_refused(tmp_path: Path) -> None:
    path = save_yolox(tmp_path / "yolox.onnx", height=320, width=320, dynamic=True)
    with pytest.raises(ModelError, match=r"model .*yolox\.onnx: "):
        load_detector(path, 1)


def test_one_detector_takes_frames_of_changing_size(tmp_path: Path) -> None:
    detector = load_detector(save_yolox(tmp_path / "yolox.onnx", metadata=LABELS), 1)
    for height, width in (*SIZES, *reversed(SIZES)):
        assert_finds_the_scene(detector, height, width)


def test_a_frame_without_objects_gives_no_detections(tmp_path: Path) -> None:
    for path in (save_tiny_yolov3(tmp_path / "tiny.onnx"), save_yolox(tmp_path / "yolox.onnx")):
        assert load_detector(path, 1).detect(np.full((432, 768, 3), 90, np.uint8), 0.3).detections == []


@pytest.mark.parametrize(
    ("min_score", "labels"), [(0.0, ["red", "blue"]), (0.79, ["red", "blue"]), (0.85, ["red"]), (0.95, [])]
)
@pytest.mark.parametrize("save", [save_tiny_yolov3, save_yolox])
def test_min_score_is_the_least_that_counts(tmp_path: Path, save: Save, min_score: float, labels: list[str]) -> None:
    detector = load_detector(save(tmp_path / "model.onnx", metadata=LABELS), 1)
    found = [detection.label for detection in detector.detect(scenes.scene(432, 768)[0], min_score).detections]
    # At 0, what the Tiny YOLO selects beside its two objects counts as well.
    assert found[: len(labels)] == labels
    assert min_score == 0 or len(found) == len(labels)


def test_detections_are_python_floats_within_the_limits_of_the_wire(tmp_path: Path) -> None:
    detector = load_detector(save_yolox(tmp_path / "yolox.onnx", overconfidence=1.5), 1)
    result = detector.detect(scenes.scene(432, 768)[0], 0.3)
    assert [detection.score for detection in result.detections] == [1, 1]
    assert {type(value) for detection in result.detections for value in (detection.score, *detection.box)} == {float}


def test_processing_time_includes_inference_time(tmp_path: Path) -> None:
    detector = load_detector(save_tiny_yolov3(tmp_path / "tiny.onnx"), 1)
    result = detector.detect(scenes.scene(432, 768)[0], 0.3)
    assert 0 < result.inference_ms < result.processing_ms


def test_rebuild_opens_the_file_again_and_finds_the_same(tmp_path: Path) -> None:
    path = save_yolox(tmp_path / "yolox.onnx", metadata=LABELS)
    detector = load_detector(path, 1)
    detector.rebuild()
    assert_finds_the_scene(detector, 432, 768)
    path.unlink()
    with pytest.raises(ModelError, match="No such file"):
        detector.rebuild()


def test_name_and_labels_come_with_the_model(tmp_path: Path) -> None:
    detector = load_detector(save_yolox(tmp_path / "finder.onnx", metadata={"labels": '{"0": "red", "1": "blue"}'}), 1)
    assert (detector.name, detector.labels) == ("finder.onnx", ("red", "blue"))
    assert len(load_detector(save_yolox(tmp_path / ("x" * 200 + ".onnx")), 1).name) == 100
    assert load_detector(save_yolox(tmp_path / "coco.onnx", classes=80), 1).labels[2] == "car"


@pytest.mark.parametrize("save", [save_tiny_yolov3, save_yolox])
def test_labels_that_are_too_many_are_refused(tmp_path: Path, save: Save) -> None:
    path = save(tmp_path / "model.onnx", metadata={"names": "red,green,blue"})
    with pytest.raises(ModelError, match="has 3 labels, but the model has 2 classes"):
        load_detector(path, 1)


def test_a_model_that_cannot_be_opened_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "garbage.onnx").write_bytes(os.urandom(5000))
    (tmp_path / "text.onnx").write_text("not a model\n" * 100)
    whole = save_yolox(tmp_path / "whole.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    os.mkfifo(tmp_path / "pipe.onnx")
    complaints = {
        "missing.onnx": "cannot open the model .*missing.onnx: No such file",
        ".": "cannot open the model .*: not a file",
        "pipe.onnx": "cannot open the model .*pipe.onnx: not a file",
        "empty.onnx": "cannot load .*empty.onnx as an ONNX model",
        "garbage.onnx": "cannot load .*garbage.onnx as an ONNX model",
        "text.onnx": "cannot load .*text.onnx as an ONNX model",
        "cut.onnx": "cannot load .*cut.onnx as an ONNX model",
    }
    for name, complaint in complaints.items():
        with pytest.raises(ModelError, match=complaint) as refusal:
            load_detector(tmp_path / name, 1)
        assert "\n" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")


def test_model_that_fails_while_running_raises_an_error_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"failing\.onnx: failed on a frame: .*Reshape") as failure:
        load_detector(save_failing(tmp_path / "failing.onnx"), 1)
    assert "\n" not in str(failure.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 2), (5, 4), (64, 4)])
def test_inference_leaves_a_core_to_the_video(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    assert inference_threads() == threads


@pytest.mark.skipif(not (YOLOX_NANO.exists() and DASHCAM.exists()), reason="../shared is not there")
def test_yolox_nano_finds_the_cars_of_a_highway_in_every_frame() -> None:
    for detections in found_in(DASHCAM, 10):
        cars = [detection.box for detection in detections if detection.label in ("car", "truck")]
        # Two cars drive ahead, right of the middle, below the horizon; each is wider than it is high on the road.
        assert len(cars) >= 2
        for x1, y1, x2, y2 in cars:
            assert 0.5 < x1 < x2 <= 1
            assert 0.5 < y1 < y2 < 0.75
            assert 0.05 < x2 - x1 < 0.25


@pytest.mark.skipif(not (YOLOX_NANO.exists() and CLIP.exists()), reason="../shared is not there")
def test_yolox_nano_frames_the_red_car_of_the_car_park() -> None:
    # In these frames a red car drives in at the top, a third of the way from the left to just past the middle.
    detections = list(found_in(CLIP, 225))[222]
    x1, y1, x2, y2 = next(found.box for found in detections if found.label in ("car", "bus"))
    np.testing.assert_allclose((x1, y1, x2, y2), (0.40, 0.0, 0.585, 0.44), atol=0.03)


def found_in(clip: Path, count: int) -> Iterator[list[Detection]]:
    """What YOLOX-nano finds in each of the first frames of a clip."""
    detector = load_detector(YOLOX_NANO, inference_threads())
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    for read, image in islice(iter(capture.read, None), count):
        assert read
        yield detector.detect(image.astype(np.uint8, copy=False), 0.3).detections
