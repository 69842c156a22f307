"""The bundled catalogue, and the errors for an invalid one."""

import re
from pathlib import Path

import pytest

from common.errors import ModelError
from common.model_zoo.catalogue import FILE, load_catalogue, model_file

MODELS = Path(__file__).resolve().parents[2] / "models"
ENTRY = '[net]\nclasses = "2"\ninput = "1×1"\nlicence = "MIT"\norigin = "here"\n'
DOWNLOAD = f'[net.download]\nurl = "https://a/b"\nsize = 1\nsha256 = "{"0" * 64}"\n'


def test_every_model_but_the_bundled_one_has_an_https_download() -> None:
    catalogue = load_catalogue(MODELS)
    assert {name for name, entry in catalogue.items() if entry.download is None} == {"tiny-yolov3-road"}
    assert {"tiny-yolov3", "yolox-nano"} < set(catalogue)
    assert all(entry.download.url.startswith("https://") for entry in catalogue.values() if entry.download)


def test_every_field_is_described_in_the_file() -> None:
    text = (MODELS / FILE).read_text(encoding="utf-8")
    fields = set(re.findall(r"^(\w+) = ", text, re.MULTILINE))
    assert fields == set(re.findall(r"^#   (\w+)  ", text, re.MULTILINE))


@pytest.mark.parametrize(("file", "folder"), [(".gitignore", "/models"), (".dockerignore", "models")])
def test_downloads_are_ignored_and_the_bundled_model_is_not(file: str, folder: str) -> None:
    wanted = [f"{folder}/*.onnx", f"{folder}/*.onnx.part", f"!{folder}/tiny-yolov3-road.onnx"]
    lines = (MODELS.parent / file).read_text().splitlines()
    assert [line for line in lines if line in wanted] == wanted  # the last matching pattern decides


def test_a_folder_without_a_catalogue_has_no_named_models(tmp_path: Path) -> None:
    assert load_catalogue(tmp_path) == {}


def test_an_added_entry_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(ENTRY + DOWNLOAD, encoding="utf-8")
    download = load_catalogue(tmp_path)["net"].download
    assert download is not None
    assert (download.url, download.size, download.sha256) == ("https://a/b", 1, "0" * 64)
    assert model_file(tmp_path, "net") == tmp_path / "net.onnx"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[net", "not TOML: "),
        ("net = 1", "net: "),
        (ENTRY.replace("classes", "klasses"), "net.classes: "),
        (ENTRY + "more = 1\n", "net.more: "),
        (ENTRY.replace("[net]", '["../net"]'), "../net"),
        (ENTRY.replace("[net]", '[".net"]'), ".net"),
        (ENTRY + DOWNLOAD.replace("= 1", "= 0"), "net.download.size: "),
        (ENTRY + DOWNLOAD.replace("00", "0"), "net.download.sha256: "),
        (ENTRY + DOWNLOAD.replace("https", "ftp"), "net.download.url: "),
        (ENTRY + DOWNLOAD.replace("//a", "//[::1"), "net.download.url: "),
        (ENTRY + DOWNLOAD.replace("//a", "//ann:pa55@a"), "net.download.url: "),
    ],
)
def test_an_invalid_catalogue_is_reported_with_the_place(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as raised:
        load_catalogue(tmp_path)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / FILE}: {fault}")
    assert "\n" not in message


def test_a_catalogue_that_is_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="not TOML"):
        load_catalogue(tmp_path)
