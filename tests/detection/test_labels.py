"""Labels in every form in which they come with a model."""

from pathlib import Path

import pytest

from common.detection.labels import COCO, find_labels, parse_labels
from common.errors import ModelError

NAMES = ("car", "bus", "traffic light")


@pytest.mark.parametrize(
    "text",
    [
        '["car", "bus", "traffic light"]',
        "['car', 'bus', 'traffic light']",
        '{"0": "car", "1": "bus", "2": "traffic light"}',
        '{"2": "traffic light", "0": "car", "1": "bus"}',
        "{0: 'car', 1: 'bus', 2: 'traffic light'}",
        "car\nbus\ntraffic light\n",
        "car\r\nbus\r\n\r\ntraffic light",
        "car, bus,traffic light",
        "  car\x07\nbu\x1b\x00s\ntraffic\t light\u202e\n",
    ],
)
def test_parse_labels_reads(text: str) -> None:
    assert parse_labels(text, "here") == NAMES


def test_a_comma_in_a_line_of_several_belongs_to_the_label() -> None:
    assert parse_labels("car, small\ncar, large", "here") == ("car, small", "car, large")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{0: 'car', 2: 'bus'}", "here: the ids are not 0 to 1"),
        ("['car', __import__('os').getcwd()]", "here: neither JSON nor a Python list or dict"),
        ("[" * 100_000, "here"),
        ("['car', 7]", "label 1 in here is no text: 7"),
        ("car,,bus", "label 1 in here has 0 characters"),
        ("car\n" + "x" * 101, "label 1 in here has 101 characters"),
    ],
)
def test_parse_labels_refuses_what_it_cannot_read(text: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint) as refusal:
        parse_labels(text, "here")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("key", ["names", "labels"])
def test_metadata_comes_before_a_file(tmp_path: Path, key: str) -> None:
    (tmp_path / "model.txt").write_text("x\ny\nz")
    assert find_labels(tmp_path / "model.onnx", {key: "car,bus,traffic light"}, 3) == NAMES


@pytest.mark.parametrize("name", ["model.txt", "labels.txt", "classes.txt"])
def test_labels_come_from_a_file_beside_the_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.onnx").touch()
    (tmp_path / name).write_text("\ufeffcar\nbus\ntraffic light\n", "utf-8")
    assert find_labels(tmp_path / "model.onnx", {"author": "x", "names": " "}, 3) == NAMES


def test_a_common_label_file_is_nobodys_where_there_are_several_models(tmp_path: Path) -> None:
    for name in ("model.onnx", "other.onnx"):
        (tmp_path / name).touch()
    (tmp_path / "labels.txt").write_text("car\nbus\ntraffic light")
    assert find_labels(tmp_path / "model.onnx", {}, 3) == ("class 0", "class 1", "class 2")


def test_80_classes_without_labels_are_those_of_coco(tmp_path: Path) -> None:
    labels = find_labels(tmp_path / "model.onnx", {}, 80)
    assert labels == tuple(COCO.read_text("utf-8").splitlines())
    assert (labels[0], labels[2], labels[7], labels[79]) == ("person", "car", "truck", "toothbrush")
    assert len(set(labels)) == 80


def test_labels_must_be_as_many_as_the_classes(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has 3 labels, but the model has 2 classes"):
        find_labels(tmp_path / "model.onnx", {"names": "car,bus,traffic light"}, 2)


def test_a_label_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ModelError, match=r"cannot read the labels in .*model\.txt"):
        find_labels(tmp_path / "model.onnx", {}, 2)
