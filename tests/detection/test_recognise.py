"""Recognition on real sessions: each format finds the scene, similar formats are distinguished, others are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from common.detection.detector import OnnxDetector, load_detector
from common.detection.preprocessing.placement import Size
from common.errors import ModelError
from tests.support.finder import BGR, MIDDLE, UNIT, Layout
from tests.support.format_models import (
    save_batched_rows,
    save_boxes_and_scores,
    save_class_grid,
    save_corner_grid,
    save_distribution_grid,
    save_labelled_boxes,
    save_objectness_grid,
    save_query_boxes,
    save_query_logits,
    save_rows,
    save_sized_boxes,
)
from tests.support.onnx_models import save_constant, save_tiny_yolov3, save_yolox
from tests.support.scenes import assert_finds_the_scene

Save = Callable[[Path], Path]

LABELS = {"names": "{0: 'red', 1: 'blue'}"}
EXPORTED = LABELS | {"author": "Ultralytics", "task": "detect"}
OBLONG = Layout(canvas=(192, 320))
SIZES = [(432, 768), (768, 432), (416, 416), (1080, 1920), (333, 517), (97, 31), (24, 40)]

FORMATS: dict[str, tuple[str, Save]] = {
    "class grid": ("class-grid", lambda path: save_class_grid(path, metadata=LABELS)),
    "class grid, oblong": ("class-grid", lambda path: save_class_grid(path, OBLONG, metadata=LABELS)),
    "class grid, four strides": (
        "class-grid",
        lambda path: save_class_grid(path, strides=(8, 16, 32, 64), metadata=LABELS),
    ),
    "class grid, transposed": ("class-grid", lambda path: save_class_grid(path, transposed=True, metadata=LABELS)),
    "class grid with masks": ("class-grid", lambda path: save_class_grid(path, masks=True, metadata=LABELS)),
    "class grid with keypoints": (
        "class-grid",
        lambda path: save_class_grid(path, keypoints=15, metadata=LABELS | {"task": "pose", "kpt_shape": "[5, 3]"}),
    ),
    "class grid, 16 bits": (
        "class-grid",
        lambda path: save_class_grid(path, Layout(element=TensorProto.FLOAT16), metadata=LABELS),
    ),
    "class grid, bytes": (
        "class-grid",
        lambda path: save_class_grid(path, Layout(element=TensorProto.UINT8, threshold=MIDDLE), metadata=LABELS),
    ),
    "corner grid": ("corner-grid", lambda path: save_corner_grid(path, metadata=LABELS)),
    "offset grid": ("offset-grid", lambda path: save_yolox(path, metadata=LABELS)),
    "objectness grid": ("objectness-grid", lambda path: save_objectness_grid(path, metadata=LABELS)),
    "objectness grid with anchors": (
        "objectness-grid",
        lambda path: save_objectness_grid(path, UNIT, anchors=3, output="output0", metadata=LABELS),
    ),
    "distribution grid": ("distribution-grid", lambda path: save_distribution_grid(path, metadata=LABELS)),
    "rows": ("rows", lambda path: save_rows(path, metadata=LABELS)),
    "rows with keypoints": (
        "rows",
        lambda path: save_rows(path, keypoints=15, metadata=LABELS | {"task": "pose", "kpt_shape": "[5, 3]"}),
    ),
    "batched rows": ("batched-rows", lambda path: save_batched_rows(path, metadata=LABELS)),
    "query boxes with a class": (
        "query-boxes",
        lambda path: save_query_boxes(path, with_class=True, metadata=LABELS),
    ),
    "query boxes with scores": (
        "query-boxes",
        lambda path: save_query_boxes(path, with_class=False, metadata=LABELS),
    ),
    "query logits": ("query-logits", lambda path: save_query_logits(path, metadata=LABELS)),
    "sized boxes": ("sized-boxes", lambda path: save_sized_boxes(path, metadata=LABELS)),
    "boxes and scores": ("boxes-and-scores", lambda path: save_boxes_and_scores(path, metadata=LABELS)),
    "labelled boxes": ("labelled-boxes", lambda path: save_labelled_boxes(path, metadata=LABELS)),
    "selected boxes": ("selected-boxes", lambda path: save_tiny_yolov3(path, metadata=LABELS)),
}


def loaded(save: Save, path: Path, **options: Any) -> OnnxDetector:
    return load_detector(save(path), 1, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_of_each_format_is_recognised_and_finds_the_scene(tmp_path: Path, name: str) -> None:
    model_format, save = FORMATS[name]
    detector = loaded(save, tmp_path / "model.onnx")
    assert model_format == detector.model.model_format.NAME
    for height, width in SIZES:
        assert_finds_the_scene(detector, height, width)


def test_an_open_canvas_takes_the_size_that_is_asked_for_or_stated(tmp_path: Path) -> None:
    def save(size: Size, **more: str) -> Path:
        layout = Layout(canvas=size, dynamic=True)
        return save_class_grid(tmp_path / "model.onnx", layout, metadata=LABELS | more)

    assert load_detector(save((416, 416)), 1).model.inputs.canvas == (416, 416)
    assert load_detector(save((192, 320)), 1, input_size=(192, 320)).model.inputs.canvas == (192, 320)
    detector = load_detector(save((192, 320), imgsz="[192, 320]"), 1)
    assert_finds_the_scene(detector, 432, 768)
    (tmp_path / "model.toml").write_text("input_size = 256")
    assert load_detector(save((256, 256)), 1).model.inputs.canvas == (256, 256)
    with pytest.raises(
        ModelError, match=r"input size 320 × 320 was requested, but the \.toml file beside it states 256"
    ):
        load_detector(save((256, 256)), 1, input_size=(320, 320))


def test_a_fixed_canvas_takes_no_other_size(tmp_path: Path) -> None:
    path = save_class_grid(tmp_path / "model.onnx", metadata=LABELS)
    assert load_detector(path, 1, input_size=(320, 320)).model.inputs.canvas == (320, 320)
    with pytest.raises(ModelError, match=r"input images float \[1, 3, 320, 320\]: its size is fixed, and is not 640"):
        load_detector(path, 1, input_size=(640, 640))


@pytest.mark.parametrize("with_nms", ["end2end", "args"])
def test_metadata_identifies_rows_when_the_dry_run_finds_nothing(tmp_path: Path, with_nms: str) -> None:
    metadata = EXPORTED | {"end2end": "True"} if with_nms == "end2end" else EXPORTED | {"args": "{'nms': True}"}
    detector = loaded(lambda path: save_rows(path, metadata=metadata), tmp_path / "model.onnx")
    assert detector.model.model_format.NAME == "rows"


def test_metadata_identifies_queries(tmp_path: Path) -> None:
    metadata = EXPORTED | {"head": "RTDETRDecoder", "end2end": "False"}
    detector = loaded(lambda path: save_query_boxes(path, with_class=True, metadata=metadata), tmp_path / "model.onnx")
    assert_finds_the_scene(detector, 432, 768)


@pytest.mark.parametrize("labels", [LABELS, {}])
def test_raw_and_decoded_grids_with_objectness_are_distinguished(tmp_path: Path, labels: dict[str, str]) -> None:
    raw = loaded(lambda path: save_yolox(path, metadata=labels), tmp_path / "raw.onnx")
    decoded = loaded(lambda path: save_objectness_grid(path, metadata=labels), tmp_path / "decoded.onnx")
    assert (raw.model.model_format.NAME, decoded.model.model_format.NAME) == ("offset-grid", "objectness-grid")


def test_a_transposed_class_grid_is_not_taken_for_one_with_objectness(tmp_path: Path) -> None:
    three = {"names": "red,blue,green"}
    for metadata in (three, {}):  # seven columns: three classes and no objectness, or two classes with it
        path = save_class_grid(tmp_path / "model.onnx", classes=3, transposed=True, metadata=metadata)
        if metadata:
            assert load_detector(path, 1).model.model_format.NAME == "class-grid"
            continue
        with pytest.raises(ModelError, match="a grid with 2 classes and objectness, or with 3 classes and none"):
            load_detector(path, 1)
    (tmp_path / "model.toml").write_text('format = "class-grid"')
    assert load_detector(tmp_path / "model.onnx", 1).model.model_format.NAME == "class-grid"


def test_a_sidecar_decides_what_a_model_leaves_open(tmp_path: Path) -> None:
    names = ("logits", "pred_boxes")
    path = save_query_logits(tmp_path / "model.onnx", names=(names[1], names[0]), background=None)
    with pytest.raises(ModelError, match=r"state scores \(.*\) and normalisation \(.*\) in a \.toml file beside it"):
        load_detector(path, 1)
    sidecar = tmp_path / "model.toml"
    sidecar.write_text('scores = "sigmoid"\nnormalisation = "imagenet"\nlabels = ["red", "blue"]\n')
    assert_finds_the_scene(load_detector(path, 1), 432, 768)


def test_a_sidecar_changes_how_frames_are_prepared(tmp_path: Path) -> None:
    layout = Layout(channels=BGR, threshold=MIDDLE)
    path = save_class_grid(tmp_path / "model.onnx", layout, metadata=LABELS)
    assert load_detector(path, 1).model.preprocessing.channels == "rgb"
    (tmp_path / "model.toml").write_text('channels = "bgr"\nnormalisation = "0-255"\nfit = "stretch"\n')
    assert_finds_the_scene(load_detector(path, 1), 432, 768)


@pytest.mark.parametrize(
    ("sidecar", "complaint"),
    [
        ('format = "query-boxes"', "do not fit format = 'query-boxes' of the .toml file beside it"),
        ('format = "yolo"', "format = 'yolo', which is not one of selected-boxes, "),
        ('labels = ["red"]', "model.toml has 1 labels, but the model has 2 classes"),
        ('labels = ["blue", "red"]', 'model.toml and metadata "names" of .*model.onnx have different labels'),
        ("input_size = 640", "its size is fixed, and is not 640 × 640"),
    ],
)
def test_a_sidecar_that_contradicts_the_model_is_refused(tmp_path: Path, sidecar: str, complaint: str) -> None:
    metadata = LABELS if "blue" in sidecar else {}
    path = save_class_grid(tmp_path / "model.onnx", metadata=metadata)
    (tmp_path / "model.toml").write_text(sidecar)
    with pytest.raises(ModelError, match=complaint):
        load_detector(path, 1)


def test_a_normalisation_of_bytes_is_a_contradiction(tmp_path: Path) -> None:
    path = save_class_grid(tmp_path / "model.onnx", Layout(element=TensorProto.UINT8, threshold=MIDDLE))
    (tmp_path / "model.toml").write_text('normalisation = "imagenet"')
    with pytest.raises(ModelError, match="states a normalisation, but the input is uint8"):
        load_detector(path, 1)


def shapes(*dims: tuple[int, ...], image: tuple[int | str, ...] = (1, 3, 64, 64), level: float = 0.5) -> Save:
    """A model with outputs of these shapes, whose values are all the same."""
    return lambda path: save_constant(path, image, [np.full(each, level, np.float32) for each in dims])


REFUSED: dict[str, tuple[Save, str]] = {
    "classifier": (shapes((1, 1000)), "a classifier, a score for each of 1000 classes and no boxes; export a detector"),
    "classifier by its task": (
        lambda path: save_constant(path, (1, 3, 64, 64), [np.zeros((1, 9), np.float32)], {"task": "classify"}),
        "it is a classifier: its output has labels but no boxes",
    ),
    "oriented boxes": (
        lambda path: save_class_grid(path, keypoints=1, metadata=LABELS | {"task": "obb"}),
        "it is a model for oriented boxes",
    ),
    "oriented boxes as rows": (
        shapes((1, 300, 7), level=50),
        r"the nearest is rows \[1, n, 6\]; .* may be an oriented box",
    ),
    "depth": (
        shapes((1, 64, 64)),
        r"output0 \[1, 64, 64\]: a map over the frame, as of a depth or segmentation",
    ),
    "segmentation": (shapes((1, 19, 32, 32)), r"output0 \[1, 19, 32, 32\]: a map over the frame"),
    "unknown task": (
        lambda path: save_constant(path, (1, 3, 64, 64), [np.zeros((1, 9), np.float32)], {"task": "caption"}),
        "it is a model for the task 'caption'",
    ),
    "heads before decoding": (
        shapes((1, 3, 8, 8, 85), (1, 3, 4, 4, 85), (1, 3, 2, 2, 85)),
        "heads of a detector before its boxes are decoded; export it with decoded boxes",
    ),
    "class grid in fractions": (
        lambda path: save_class_grid(path, in_fractions=True, metadata=LABELS),
        "its boxes are not cx, cy, w, h in pixels of the input",
    ),
    "objectness grid in fractions": (
        lambda path: save_objectness_grid(path, in_fractions=True, metadata=LABELS),
        "its boxes are fractions of the input; export it with boxes in pixels",
    ),
    "class grid with logits": (
        lambda path: save_class_grid(path, logits=True, metadata=LABELS),
        "its scores are .* instead of 0 to 1; export it with the sigmoid or softmax",
    ),
    "rows with class before score": (
        lambda path: save_rows(path, columns=(0, 1, 2, 3, 5, 4), metadata=EXPORTED | {"end2end": "True"}),
        "its rows are not x1, y1, x2, y2, score, class",
    ),
    "four frames at once": (shapes((4, 84, 84), image=(4, 3, 64, 64)), "it takes 4 frames at once"),
    "channels last": (shapes((1, 84, 84), image=(1, 64, 64, 3)), "export it with channels first"),
    "grey": (shapes((1, 84, 84), image=(1, 1, 64, 64)), "only colour frames are given"),
    "huge": (shapes((1, 84, 84), image=(1, 3, 5000, 64)), "5000 × 64 pixels exceed 4096 × 4096"),
    "no frame": (shapes((1, 84, 84), image=(1, 1000)), "expected a frame"),
    "no classes": (lambda path: save_class_grid(path, classes=0), "it has 0 classes; 1 to 2000 are allowed"),
    "5,000 classes": (lambda path: save_class_grid(path, classes=5000), "it has 5000 classes; 1 to 2000 are allowed"),
    "nothing known": (shapes((1, 3, 3), (1, 3, 3), (1, 3, 3), (1, 3, 3)), "no known format; the nearest are a grid"),
    "NaN": (
        lambda path: save_constant(path, (1, 3, 64, 64), [np.full((1, 84, 84), np.nan, np.float32)]),
        "holds NaN or infinity",
    ),
    "infinity": (
        lambda path: save_constant(path, (1, 3, 64, 64), [np.full((1, 84, 84), np.inf, np.float32)]),
        "holds NaN or infinity",
    ),
    "outputs of another size": (
        lambda path: save_constant(path, (1, 3, 64, 64), [np.zeros((1, 84, 84), np.float32)], declared=[(1, 84, 8400)]),
        r"output output0 float \[1, 84, 8400\] has another size in a run: \[1, 84, 84\]",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_model_is_refused_for_what_it_is(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    save, complaint = REFUSED[name]
    path = save(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=complaint) as refusal:
        load_detector(path, 1)
    message = str(refusal.value)
    assert message.startswith(f"model {path}: ")
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_refusal_describes_inputs_and_outputs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"its inputs are images .*, its outputs .* output0 \[1, 7, 9\]; .*: no known"):
        load_detector(shapes((1, 7, 9), (2, 3))(tmp_path / "model.onnx"), 1)
    path = tmp_path / "double.onnx"
    save_constant(path, (1, 3, 64, 64), [np.zeros((1, 9), np.float32)], element=TensorProto.DOUBLE)
    with pytest.raises(ModelError, match=r"input images double \[1, 3, 64, 64\]: frames are given as float, float16"):
        load_detector(path, 1)


def test_an_unknown_number_of_classes_needs_no_labels(tmp_path: Path) -> None:
    detector = load_detector(save_rows(tmp_path / "model.onnx"), 1)
    assert detector.labels == ()
    assert_finds_the_scene(detector, 432, 768, labels=("class 0", "class 1"))
    (tmp_path / "model.toml").write_text('labels = "coco"')
    assert load_detector(tmp_path / "model.onnx", 1).labels[2] == "car"
