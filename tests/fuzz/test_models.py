"""Whatever a model's file contains and whatever it gives: a ModelError of one line, or boxes that fit the wire."""

from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.detection.detector import load_detector
from common.detection.formats.evidence import Evidence, Output
from common.detection.formats.inputs import find_inputs
from common.detection.formats.model_format import ModelFormat
from common.detection.formats.offset_grid import OffsetGrid
from common.detection.formats.recognise import recognise
from common.detection.formats.selected_boxes import SelectedBoxes
from common.detection.labels import find_labels, given_labels, parse_labels
from common.detection.metadata import Metadata, read_metadata
from common.detection.preprocessing.placement import Placement
from common.detection.sidecar import Sidecar, read_sidecar
from common.detection.tensors import TensorSpec
from common.errors import ModelError
from common.messaging.messages import Detection, Model
from tests.support.fuzzing import bounded, json_values
from tests.support.onnx_models import save_yolox

SIDE, CELLS, CLASSES = 32, 21, 2  # the smallest canvas of three grids
FRAME = (90, 160)
wild = st.floats(width=32) | st.sampled_from([0.0, 0.5, 1.0, 1e38, -1e38, float("nan"), float("inf"), -float("inf")])
tame = st.floats(0, 1, width=32) | st.floats(-100, 100, width=32) | st.sampled_from([0.0, 0.5, 1.0, 7.0, 16.0])
sizes = st.none() | st.integers(-2, 5000) | st.sampled_from([1, 3, 4, 32, 2**31, 2**62])
specs = st.builds(
    TensorSpec,
    st.text(max_size=5),
    st.sampled_from(["float", "int64", "uint8"]),
    st.lists(sizes, max_size=5).map(tuple) | st.tuples(st.just(1), st.just(3), sizes, sizes),
)
# The shapes that formats expect on this canvas, and any others.
dims = st.sampled_from(
    [(1, 6, CELLS), (1, CELLS, 7), (1, 3 * CELLS, 7), (1, 22, 34), (1, 5, 6), (1, 5, 4), (5, 7), (1, 5, 1, 4), (1, 5)]
) | st.lists(st.integers(0, 40), max_size=4).map(tuple)

literals = st.text("[]{}()'\",:0123456789abc\n\\ ")


def floats(*shape: int) -> st.SearchStrategy[Any]:
    return arrays.arrays(np.float32, shape, elements=wild)


def finite(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return arrays.arrays(np.float32, shape, elements=tame) | arrays.arrays(np.int64, shape, elements=st.integers(-2, 9))


outputs = st.lists(dims.flatmap(finite), min_size=1, max_size=3)


def refused(error: ModelError) -> None:
    assert "\n" not in str(error)


def assert_fit_for_the_wire(found: ModelFormat, values: list[Any], min_score: float) -> None:
    """As the detector and the frame processor send them."""
    place = Placement.fit(FRAME, (SIDE, SIDE), found.preprocessing.fit)
    objects = found.decode(values, place, min_score)
    for class_id, score, box in zip(
        objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), strict=True
    ):
        assert class_id >= 0
        item = Detection(label="car", score=min(score, 1.0), box=tuple(box))
        assert item.box[0] < item.box[2]
        assert item.box[1] < item.box[3]


@given(floats(1, CELLS, 5 + CLASSES), st.floats(0, 1))
@bounded
def test_any_offset_grid_becomes_boxes_on_the_frame(grid: Any, min_score: float) -> None:
    assert_fit_for_the_wire(OffsetGrid("output", CLASSES, (SIDE, SIDE), (8, 16, 32)), [grid], min_score)


@given(
    floats(1, 5, 4),
    floats(1, CLASSES, 5),
    arrays.arrays(np.int64, (1, 4, 3), elements=st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 6)),
    st.floats(0, 1),
)
@bounded
def test_any_selected_boxes_become_boxes_on_the_frame(boxes: Any, scores: Any, selected: Any, min_score: float) -> None:
    found = SelectedBoxes("image_shape", ("boxes", "scores", "selected"), CLASSES)
    assert_fit_for_the_wire(found, [boxes, scores, selected], min_score)


@given(st.lists(specs, max_size=3))
@example([TensorSpec("i", "float", (1, 3, 2**20, 2**20))])
@bounded
def test_inputs_are_found_or_refused(inputs: list[TensorSpec]) -> None:
    try:
        found = find_inputs(inputs, None, Sidecar(), Metadata())
    except ModelError as error:
        refused(error)
    else:
        assert min(found.canvas) >= 1
        assert max(found.canvas) <= 4096


@given(outputs, st.data(), st.none() | st.sampled_from(["float", "int64"]), st.none() | st.integers(1, 40))
@bounded
def test_outputs_are_of_a_known_format_or_refused(
    values: list[Any], data: st.DataObject, size: str | None, label_count: int | None
) -> None:
    named = [Output(f"output{index}", each) for index, each in enumerate(values)]
    size_input = TensorSpec("size", size, (1, 2)) if size else None
    try:
        found = recognise(Evidence([], named, (SIDE, SIDE), size_input, label_count=label_count))
    except ModelError as error:
        refused(error)
        return
    by_name = {output.name: output.values for output in named}
    later = [
        data.draw(arrays.arrays(np.float32, by_name[name].shape, elements=wild))
        if by_name[name].dtype == np.float32
        else by_name[name]
        for name in found.outputs
    ]
    assert_fit_for_the_wire(found, later, data.draw(st.floats(0, 1)))


@given(st.text() | json_values.map(str) | json_values.map(repr) | literals)
@example("[" * 100_000)
@example("{" + "'a':{" * 5000)
@example("-" * 50_000 + "1")
@example("[" + "1" * 5000 + "]")
@bounded
def test_labels_are_fit_for_the_wire_or_refused(text: str) -> None:
    for inside in (False, True):
        try:
            if inside:
                labels = find_labels(given_labels(Path("none.onnx"), read_metadata({"names": text}), Sidecar()), 2)
            else:
                labels = parse_labels(text, "here")
        except ModelError as error:
            refused(error)
        else:
            assert Model(name="model", labels=labels).labels == labels
            assert all(map(str.isprintable, labels))


@given(literals | json_values.map(repr), st.sampled_from(["args", "imgsz", "kpt_shape"]))
@example("[" * 100_000, "imgsz")
@bounded
def test_metadata_of_any_kind_is_read_or_ignored(text: str, key: str) -> None:
    metadata = read_metadata({key: text})
    assert metadata.input_size is None or min(metadata.input_size) >= 1


@given(st.text(max_size=200) | st.text('abcdefghijklmnop=[]"0123456789.\n ', max_size=200))
@example("labels = " + "[" * 5000)
@example('rfdetr = "\\u0000"')
@settings(bounded, max_examples=60)
def test_a_sidecar_is_read_or_refused(model: Path, text: str) -> None:
    sidecar = model.with_name("other.toml")
    sidecar.write_text(text, "utf-8", errors="replace")
    try:
        read_sidecar(model.with_name("other.onnx"))
    except ModelError as error:
        refused(error)


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
            Detection(label=found.label, score=found.score, box=found.box)
