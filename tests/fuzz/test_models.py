"""Whatever a model's file holds, and whatever it says of a frame: a ModelError in one line, or boxes for the wire."""

from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.detection.detector import load_detector
from common.detection.formats.contracts import Contract, Objects, recognise
from common.detection.labels import find_labels, parse_labels
from common.detection.tensors import Tensors, TensorSpec
from common.errors import ModelError
from common.messaging.messages import DetectionItem, Model
from tests.support.fuzzing import bounded, json_values
from tests.support.onnx_models import save_yolox

SIDE, CELLS, CLASSES = 32, 21, 2  # the smallest canvas of YOLOX
FRAME = (90, 160)
wild = st.floats(width=32) | st.sampled_from([0.0, 0.5, 1.0, 1e38, -1e38, float("nan"), float("inf"), -float("inf")])
sizes = st.none() | st.integers(-2, 5000) | st.sampled_from([1, 3, 4, 32, 2**31, 2**62])
specs = st.builds(
    TensorSpec,
    st.text(max_size=5),
    st.sampled_from(["float", "int64", "uint8"]),
    st.lists(sizes, max_size=5).map(tuple) | st.tuples(st.just(1), st.just(3), sizes, sizes),
)


def floats(*shape: int) -> st.SearchStrategy[Any]:
    return arrays.arrays(np.float32, shape, elements=wild)


def refused(error: ModelError) -> None:
    assert "\n" not in str(error)


def assert_fit_for_the_wire(objects: Objects) -> None:
    """As the detector and the frame processor hand them on."""
    for class_id, score, box in zip(
        objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), strict=True
    ):
        assert 0 <= class_id < CLASSES
        found = DetectionItem(label="car", score=min(score, 1.0), box=tuple(box))
        assert found.box[0] < found.box[2]
        assert found.box[1] < found.box[3]


def yolox() -> Contract:
    image, output = TensorSpec("i", "float", (1, 3, SIDE, SIDE)), TensorSpec("o", "float", (1, CELLS, 5 + CLASSES))
    return recognise([image], [output])


def tiny_yolov3() -> Contract:
    inputs = [TensorSpec("i", "float", (1, 3, SIDE, SIDE)), TensorSpec("s", "float", (1, 2))]
    outputs = [
        TensorSpec("b", "float", (1, None, 4)),
        TensorSpec("c", "float", (1, CLASSES, None)),
        TensorSpec("n", "int64", (1, None, 3)),
    ]
    return recognise(inputs, outputs)


@given(floats(1, CELLS, 5 + CLASSES), st.floats(0, 1))
@bounded
def test_what_a_yolox_says_becomes_boxes_on_the_frame(grid: Tensors, min_score: float) -> None:
    assert_fit_for_the_wire(yolox().parse([grid[0][None]], FRAME, min_score))


@given(
    floats(1, 5, 4),
    floats(1, CLASSES, 5),
    arrays.arrays(np.int64, (1, 4, 3), elements=st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 6)),
    st.floats(0, 1),
)
@bounded
def test_what_a_tiny_yolov3_says_becomes_boxes_on_the_frame(
    boxes: Any, scores: Any, selected: Any, min_score: float
) -> None:
    assert_fit_for_the_wire(tiny_yolov3().parse([boxes, scores, selected], FRAME, min_score))


@given(st.lists(specs, max_size=3), st.lists(specs, max_size=4))
@example([TensorSpec("i", "float", (1, 3, 2**20, 2**20))], [TensorSpec("o", "float", (1, None, 85))])
@bounded
def test_a_model_is_of_a_known_contract_or_refused(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> None:
    try:
        recognise(inputs, outputs)
    except ModelError as error:
        refused(error)


@given(st.text() | json_values.map(str) | json_values.map(repr) | st.text("[]{}()'\",:0123456789abc\n\\ "))
@example("[" * 100_000)
@example("{" + "'a':{" * 5000)
@example("-" * 50_000 + "1")
@example("[" + "1" * 5000 + "]")
@bounded
def test_labels_are_fit_for_the_wire_or_refused(text: str) -> None:
    for metadata in (None, {"names": text}):
        try:
            labels = find_labels(Path("none.onnx"), metadata, 2) if metadata else parse_labels(text, "here")
        except ModelError as error:
            refused(error)
        else:
            assert Model(name="model", labels=labels).labels == labels
            assert all(map(str.isprintable, labels))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_yolox(tmp_path_factory.mktemp("model") / "finder.onnx", height=SIDE, width=SIDE)


@given(changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=5), kept=st.floats(0.5, 1))
@settings(bounded, max_examples=60)
def test_a_damaged_model_is_loaded_or_refused(model: Path, changes: list[tuple[float, int]], kept: float) -> None:
    whole = model.read_bytes()
    damaged = bytearray(whole[: round(len(whole) * kept)])
    for where, value in changes:
        damaged[int(where * len(damaged))] = value
    path = model.with_name("damaged.onnx")
    path.write_bytes(damaged)
    try:
        detector = load_detector(path, 1)
        result = detector.detect(np.zeros((*FRAME, 3), np.uint8), 0.1)
    except ModelError as error:
        refused(error)
    else:
        for found in result.detections:
            DetectionItem(label=found.label, score=found.score, box=found.box)
