"""The bundled model: its format, its metadata, and its accuracy on the bundled clip, with the app's detector."""

import numpy as np
import onnx
import pytest

from common.detection.detector import OnnxDetector, load_detector
from common.model_zoo.catalogue import load_catalogue
from common.model_zoo.resolve import ROOT, default_model
from models.training.detector.data import CLASSES
from models.training.evaluate import VEHICLES, EvaluatedImage, average_precision, evaluate_clip, of_height

MODEL = ROOT / "models" / "tiny-yolov3-road.onnx"
EVERY = 8  # frames of the clip; adjacent frames are similar
HEIGHT = 24  # px


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return load_detector(MODEL, threads=1)


@pytest.fixture(scope="module")
def evaluated(detector: OnnxDetector) -> list[EvaluatedImage]:
    """Return frames of the clip with their detections, boxes below HEIGHT ignored."""
    return [of_height(one, HEIGHT) for one in evaluate_clip(detector, EVERY)]


def shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [each.dim_param or each.dim_value for each in value.type.tensor_type.shape.dim]


def test_it_is_the_default_model_and_bundled_in_the_catalogue() -> None:
    assert default_model() == MODEL
    assert load_catalogue(MODEL.parent)[MODEL.stem].download is None


def test_it_is_at_most_5_mb() -> None:
    assert MODEL.stat().st_size <= 5_000_000


def test_it_has_the_format_of_the_model_zoo() -> None:
    graph = onnx.load(MODEL).graph
    declared = {value.name: (value.type.tensor_type.elem_type, shape(value)) for value in (*graph.input, *graph.output)}
    number, integer = onnx.TensorProto.FLOAT, onnx.TensorProto.INT32
    assert declared == {
        "input_1": (number, [1, 3, 416, 416]),
        "image_shape": (number, [1, 2]),
        "yolonms_layer_1": (number, [1, 10647, 4]),
        "yolonms_layer_1:1": (number, [1, len(CLASSES), 10647]),
        "yolonms_layer_1:2": (integer, [1, "selected", 3]),
    }
    assert "NonMaxSuppression" in {node.op_type for node in graph.node}


def test_its_metadata_state_labels_and_origin(detector: OnnxDetector) -> None:
    metadata = {each.key: each.value for each in onnx.load(MODEL).metadata_props}
    assert detector.labels == CLASSES
    assert {"names", "license", "description", "data", "steps"} <= metadata.keys()


# Slightly below the figures of models/README.md, since rounding differs between processors.
@pytest.mark.parametrize(
    ("labels", "least"),
    [
        (VEHICLES, 0.92),
        (("person",), 0.83),
        (("bicycle",), 0.9),
        (("car",), 0.95),
        (("motorcycle",), 0.89),
        (("bus",), 0.86),
        (("truck",), 0.75),
    ],
)
def test_it_detects_the_road_users_of_the_clip(
    evaluated: list[EvaluatedImage], labels: tuple[str, ...], least: float
) -> None:
    assert average_precision(evaluated, labels)["AP50"] >= least


def test_it_detects_nothing_in_a_grey_frame(detector: OnnxDetector) -> None:
    assert not detector.detect(np.full((360, 640, 3), 128, np.uint8), min_score=0.3).detections
