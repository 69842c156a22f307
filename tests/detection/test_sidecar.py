"""Sidecars and metadata: what is stated beside a model and in it, and what is refused."""

from pathlib import Path

import pytest

from common.detection.metadata import Metadata, read_metadata
from common.detection.preprocessing.options import IMAGENET_MEAN, IMAGENET_STD, Channels, Fit, Preprocessing
from common.detection.sidecar import MAX_BYTES, Sidecar, read_sidecar
from common.errors import ModelError

INFERENCE = (
    '{"schema_version": 1, "task": "detect", "pixel_scale": 0.00392156862745098, "means": [0.485, 0.456, 0.406], '
    '"stds": [0.229, 0.224, 0.225], "channel_order": "RGB", "resize_antialias": false, '
    '"class_id_to_name": {"0": "helmet", "1": "vest"}, "selection_policy": "all_logits", '
    '"box_format": "cxcywh_normalized", "producer_version": "1.12"}'
)


def sidecar(folder: Path, text: str | bytes) -> Sidecar:
    (folder / "model.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sidecar(folder / "model.onnx")


def test_without_a_file_nothing_is_stated(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "model.onnx") == Sidecar()
    assert Sidecar().preprocessing(Preprocessing(padding=7)) == Preprocessing(padding=7)


def test_what_is_stated_replaces_what_the_format_expects(tmp_path: Path) -> None:
    stated = sidecar(
        tmp_path,
        'fit = "stretch"\nchannels = "bgr"\nnormalisation = "imagenet"\npadding = 0\nantialias = true\n'
        'labels = ["a", "b"]\ninput_size = [192, 320]\n',
    )
    expected = Preprocessing(Fit.STRETCH, Channels.BGR, IMAGENET_MEAN, IMAGENET_STD, 0, antialias=True)
    assert stated.preprocessing(Preprocessing()) == expected
    assert (stated.size, stated.labels) == ((192, 320), ("a", "b"))
    assert sidecar(tmp_path, "input_size = 320").size == (320, 320)
    assert sidecar(tmp_path, "mean = [1, 2, 3]\nstd = [4.0, 5, 6]").preprocessing(Preprocessing()).std == (4, 5, 6)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "model.toml: colour: Extra inputs are not permitted"),
        ('fit = "crop"', "model.toml: fit: .*'crop' is not one of letterbox, letterbox-corner, stretch"),
        ('channels = "RGB"', "model.toml: channels: .*'RGB' is not one of rgb, bgr"),
        ('normalisation = "0-2"', "model.toml: normalisation: "),
        ("mean = [1, 2, 3]", "model.toml: .*mean and std must be given together"),
        ('normalisation = "0-1"\nmean = [1,2,3]\nstd = [1,2,3]', "model.toml: .*exclude each other"),
        ("std = [0, 1, 1]\nmean = [0, 0, 0]", "model.toml: std: "),
        ("mean = [nan, 1, 1]\nstd = [1, 1, 1]", "model.toml: mean: "),
        ("padding = 256", "model.toml: padding: "),
        ("input_size = 5000", "model.toml: input_size: "),
        ("labels = []", "model.toml: labels: "),
        ("labels = [1]", "model.toml: labels: "),
        ("antialias = 1", "model.toml: antialias: "),
        ("fit = ", r"cannot read .*model\.toml: "),
        (b"\xff\xfe", r"cannot read .*model\.toml: "),
        ("labels = " + "[" * 5000, r"cannot read .*model\.toml: "),
        ("#" * (MAX_BYTES + 1), f"model.toml has more than {MAX_BYTES} bytes"),
    ],
)
def test_a_sidecar_that_is_not_valid_is_refused_in_one_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint) as refusal:
        sidecar(tmp_path, text)
    assert "\n" not in str(refusal.value)


def test_metadata_is_read_with_what_it_means() -> None:
    metadata = read_metadata(
        {"author": "Ultralytics", "task": "pose", "head": "Pose", "kpt_shape": "[17, 3]", "imgsz": "[192, 320]"}
    )
    expected = Metadata(author="Ultralytics", task="pose", head="Pose", keypoint_values=51, input_size=(192, 320))
    assert metadata == expected
    assert read_metadata({"imgsz": "640"}).input_size == (640, 640)
    assert read_metadata({"model_family": "yolo9"}).family == ""
    assert read_metadata({"model_family": "yolo9", "libreyolo_version": "1"}).family == "yolo9"


@pytest.mark.parametrize(
    ("entries", "suppressed"),
    [
        ({"end2end": "True"}, True),
        ({"args": "{'nms': True}", "end2end": "False"}, True),
        ({"args": "{'nms': False}"}, False),
        ({"args": "{'nms': None}", "end2end": "False"}, False),
        ({"args": "__import__('os')"}, False),
        ({"args": "{" * 10_000, "imgsz": "[-1, 2]", "kpt_shape": "[1]"}, False),
        ({"args": "1" * 10_000_000}, False),
    ],
)
def test_metadata_states_whether_nms_is_inside(entries: dict[str, str], suppressed: bool) -> None:
    metadata = read_metadata(entries)
    assert metadata.suppressed is suppressed
    assert (metadata.input_size, metadata.keypoint_values) == (None, 0)


def test_metadata_that_describes_inference_is_followed_or_refused() -> None:
    inference = read_metadata({"rfdetr_inference": INFERENCE}).query_inference
    assert inference is not None
    assert inference.class_id_to_name == {0: "helmet", 1: "vest"}
    for text in ("{}", "[" * 100_000, "x" * 1_000_000, INFERENCE.replace('"detect"', '"segment"')):
        with pytest.raises(ModelError, match='metadata "rfdetr_inference"') as refusal:
            read_metadata({"rfdetr_inference": text})
        assert "\n" not in str(refusal.value)
