"""Labels of a model, in all supported forms."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from common.detection.labels import COCO, GivenLabels, find_labels, given_labels, parse_labels
from common.detection.metadata import MAX_TEXT, read_metadata
from common.detection.sidecar import Sidecar
from common.errors import ModelError

NAMES = ("car", "bus", "traffic light")
NO_SIDECAR = Sidecar()


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
        ("['car', __import__('os').getcwd()]", "here: neither JSON nor a Python literal"),
        ("[" * 100_000, "here"),
        ("['car', 7]", "label 1 in here is not text: 7"),
        ("car,,bus", "label 1 in here has 0 characters"),
        ("car\n" + "x" * 101, "label 1 in here has 101 characters"),
    ],
)
def test_parse_labels_refuses_what_it_cannot_read(text: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint) as refusal:
        parse_labels(text, "here")
    assert "\n" not in str(refusal.value)


def labels_of(
    model: Path, entries: Mapping[str, str], classes: int | None, sidecar: Sidecar = NO_SIDECAR
) -> tuple[str, ...]:
    return find_labels(given_labels(model, read_metadata(entries), sidecar), classes)


@pytest.mark.parametrize("key", ["names", "labels"])
def test_metadata_takes_precedence_over_a_file(tmp_path: Path, key: str) -> None:
    (tmp_path / "model.txt").write_text("x\ny\nz")
    assert labels_of(tmp_path / "model.onnx", {key: "car,bus,traffic light"}, 3) == NAMES


@pytest.mark.parametrize("name", ["model.txt", "labels.txt", "classes.txt"])
def test_labels_are_read_from_a_file_beside_the_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.onnx").touch()
    (tmp_path / name).write_text("\ufeffcar\nbus\ntraffic light\n", "utf-8")
    assert labels_of(tmp_path / "model.onnx", {"author": "x", "names": " "}, 3) == NAMES


def test_a_common_label_file_belongs_to_no_model_where_there_are_several(tmp_path: Path) -> None:
    for name in ("model.onnx", "other.onnx"):
        (tmp_path / name).touch()
    (tmp_path / "labels.txt").write_text("car\nbus\ntraffic light")
    assert labels_of(tmp_path / "model.onnx", {}, 3) == ("class 0", "class 1", "class 2")


def test_80_classes_without_labels_are_those_of_coco(tmp_path: Path) -> None:
    labels = labels_of(tmp_path / "model.onnx", {}, 80)
    assert labels == tuple(COCO.read_text("utf-8").splitlines())
    assert (labels[0], labels[2], labels[7], labels[79]) == ("person", "car", "truck", "toothbrush")
    assert len(set(labels)) == 80


def test_an_unknown_number_of_classes_has_the_labels_that_are_given(tmp_path: Path) -> None:
    assert labels_of(tmp_path / "model.onnx", {"names": "car,bus,traffic light"}, None) == NAMES
    assert labels_of(tmp_path / "model.onnx", {}, None) == ()


@pytest.mark.parametrize("where", ["metadata", "file", "sidecar"])
def test_labels_must_be_as_many_as_the_classes(tmp_path: Path, where: str) -> None:
    entries = {"names": "car,bus,traffic light"} if where == "metadata" else {}
    if where == "file":
        (tmp_path / "model.txt").write_text("car\nbus\ntraffic light")
    sidecar = Sidecar(labels=NAMES) if where == "sidecar" else NO_SIDECAR
    named = {"metadata": 'metadata "names" of', "file": "model.txt", "sidecar": "model.toml"}[where]
    with pytest.raises(ModelError, match=rf"{named}.* has 3 labels, but the model has 2 classes"):
        labels_of(tmp_path / "model.onnx", entries, 2, sidecar)


def test_a_label_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ModelError, match=r"cannot read the labels in .*model\.txt"):
        labels_of(tmp_path / "model.onnx", {}, 2)


def test_a_sidecar_gives_labels_and_may_not_contradict_the_metadata(tmp_path: Path) -> None:
    model, sidecar = tmp_path / "model.onnx", Sidecar(labels=NAMES)
    assert labels_of(model, {}, 3, sidecar) == NAMES
    assert labels_of(model, {"names": "{0: '0', 1: '1', 2: '2'}"}, 3, sidecar) == NAMES  # an exporter without names
    assert labels_of(model, {}, None, Sidecar(labels="coco"))[2] == "car"
    with pytest.raises(ModelError, match=r"model\.toml and metadata \"names\" of .* have different labels"):
        labels_of(model, {"names": "a,b,c"}, 3, sidecar)


@pytest.mark.parametrize(
    "text", ["[" + "'a'," * MAX_TEXT + "]", "a\n" * MAX_TEXT, "{" + "'a':{" * 60_000, "-" * 200_000 + "1"]
)
def test_hostile_labels_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r'metadata "names" of .*model\.onnx') as refusal:
        labels_of(tmp_path / "model.onnx", {"names": text}, 2)
    assert "\n" not in str(refusal.value)


def test_given_labels_say_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("car\nbus")
    expected = GivenLabels(("car", "bus"), str(tmp_path / "model.txt"))
    assert given_labels(tmp_path / "model.onnx", read_metadata({}), NO_SIDECAR) == expected
