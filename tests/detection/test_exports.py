"""Real exports of many families: each gives the boxes of its own post-processing, or is refused for what it is.

The files, with golden outputs for one image, are beside this project: see tests/support/exports.py.
"""

import shutil
from pathlib import Path

import pytest

from common.detection.detector import OnnxDetector, load_detector
from common.detection.preprocessing.placement import Placement
from common.errors import ModelError
from common.messaging.messages import Detection
from tests.support.exports import EXPORTS, assert_same_objects, golden, golden_image

pytestmark = pytest.mark.skipif(not EXPORTS.exists(), reason="../shared is not there")

# Their own loader chose this canvas for the image, where the model leaves it open.
CANVASES = {"ultralytics-yolov8-dynamic": (256, 320), "ultralytics-yolo26-nmsfree-dynamic": (256, 320)}
# How far an edge may be from the golden one, in pixels of the image, where IoU does not hold: 8.0.196 divided by the
# unrounded scale on the way back from its letterbox, and floats of 16 bits are as coarse as 0.4 pixels.
TOLERANCES_PX = {
    "ultralytics-yolov8-raw-8.0.196": 1.61,
    "ultralytics-yolov8-half-cpu": 0.5,
    "ultralytics-yolov8-half-gpu-emulated": 0.7,
}
# Whether a query is among the best is decided by differences below the rounding of a frame to 8 bits.
FROM_OUTPUTS = {"rfdetr-nc3", "rfdetr-nc3-inference-metadata"}
# Two classes of one of its boxes have scores that differ by less than the rounding of a float.
TIED = "ultralytics-yolo11-raw-nc80"
REFUSED = {
    "hf-detr": "its scores are logits, and it is not stated whether a sigmoid or a softmax follows",
    "ultralytics-yolov8-cls": "it is a classifier",
    "ultralytics-yolov8-obb-nms": "it is a model for oriented boxes",
}
NAMES = sorted(path.stem for path in EXPORTS.glob("*.onnx"))


def load(name: str) -> OnnxDetector:
    return load_detector(EXPORTS / f"{name}.onnx", 1, input_size=CANVASES.get(name))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in REFUSED.keys() | FROM_OUTPUTS])
def test_an_export_gives_the_boxes_of_its_own_post_processing(name: str) -> None:
    detector, expected = load(name), golden(name)
    found = detector.detect(golden_image(), expected.min_score).detections
    assert_same_objects(found, detector.labels, expected, TOLERANCES_PX.get(name, 0.01), ties=name == TIED)


@pytest.mark.parametrize("name", [name for name in NAMES if name in FROM_OUTPUTS])
def test_the_outputs_of_an_export_give_the_boxes_of_its_own_post_processing(name: str) -> None:
    detector, expected = load(name), golden(name)
    height, width = golden_image().shape[:2]
    place = Placement.fit((height, width), detector.model.inputs.canvas, detector.model.preprocessing.fit)
    outputs = [expected.outputs[each] for each in detector.model.model_format.outputs]
    objects = detector.model.model_format.decode(outputs, place, expected.min_score)
    found = [
        Detection(detector.labels[class_id], score, (x1, y1, x2, y2))
        for class_id, score, (x1, y1, x2, y2) in zip(
            objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), strict=True
        )
    ]
    # The golden objects of column 3 have no name, and are dropped.
    assert_same_objects(found, detector.labels, expected.of_classes(range(3)), 0.01)


@pytest.mark.parametrize("name", REFUSED)
def test_an_export_without_upright_boxes_or_with_something_left_open_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=rf"model .*{name}\.onnx: {REFUSED[name]}") as refusal:
        load(name)
    assert "\n" not in str(refusal.value)


def test_a_sidecar_states_what_a_hugging_face_export_leaves_open(tmp_path: Path) -> None:
    shutil.copy(EXPORTS / "hf-detr.onnx", tmp_path)
    (tmp_path / "hf-detr.toml").write_text('scores = "softmax"\nnormalisation = "imagenet"\ninput_size = 320\n')
    detector, expected = load_detector(tmp_path / "hf-detr.onnx", 1), golden("hf-detr")
    found = detector.detect(golden_image(), expected.min_score).detections
    assert_same_objects(found, detector.labels, expected, 0.01)


def test_a_copy_without_its_second_file_is_refused_with_what_to_copy(tmp_path: Path) -> None:
    shutil.copy(EXPORTS / "rtdetrv2-deploy-dynamo.onnx", tmp_path)
    with pytest.raises(ModelError, match=r"weights are in rtdetrv2-deploy-dynamo\.onnx\.data.*copy both files"):
        load_detector(tmp_path / "rtdetrv2-deploy-dynamo.onnx", 1)
