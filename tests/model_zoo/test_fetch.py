"""Fetching by URL: the file name, the required SHA-256, and what is refused before and after the request."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import DownloadError, ModelError, SettingsError, UserError
from common.model_commands.command import main
from common.model_zoo import fetch
from common.model_zoo.catalogue import FILE
from common.model_zoo.fetch import fetch_url
from tests.support.file_server import FileServer, serving_file

CONTENT = b"not a real model" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving_file(CONTENT) as server:
        yield server


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("sha256", [SHA256, SHA256.upper()])
def test_a_url_is_fetched_into_a_file_named_after_its_end(server: FileServer, tmp_path: Path, sha256: str) -> None:
    line = fetch_url(server.url, sha256, tmp_path)
    assert line == f"{tmp_path / 'file.onnx'}: downloaded and verified; run it with --model file"
    assert (tmp_path / "file.onnx").read_bytes() == CONTENT
    assert files(tmp_path) == ["file.onnx"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b/Net-v1.2_final.onnx?download=true#x", "Net-v1.2_final"),
        ("/..%2f..%2fetc%2fnet.onnx", "etc-net"),
        ("/.hidden.onnx", "hidden"),
        ("/my%20net%00%0a(1).onnx", "my-net-1"),
        ("/-rf.onnx", "rf"),
        ("/net.onnx.onnx", "net.onnx"),
    ],
)
def test_the_file_name_has_safe_characters_only(tmp_path: Path, path: str, name: str) -> None:
    (tmp_path / f"{name}.onnx").write_bytes(CONTENT)  # so that nothing is requested
    assert fetch_url(f"https://host.invalid{path}", SHA256, tmp_path).endswith(f"run it with --model {name}")


@pytest.mark.parametrize("path", ["/", "/net", "/net.onnx/", "/.onnx", "/..onnx", "/%2e%2e.onnx", "/net.pt?a=b.onnx"])
def test_a_url_that_does_not_end_in_a_file_name_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(SettingsError, match=r"must end in a file name, NAME\.onnx$"):
        fetch_url(f"https://host.invalid{path}", SHA256, tmp_path)


@pytest.mark.parametrize(
    "url", ["ftp://host/n.onnx", "https://ann:pa55@host/n.onnx", "https:///n.onnx", "https://a/\n"]
)
def test_a_url_of_another_form_is_refused_without_repeating_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        fetch_url(url, SHA256, tmp_path)
    assert str(raised.value) == "the URL must be https://HOST/PATH, without user and password"


def test_plain_http_is_refused_beyond_loopback(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="only HTTPS is allowed"):
        fetch_url("http://example.invalid/net.onnx", SHA256, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize("sha256", ["", SHA256[:-1], SHA256 + "0", "x" * 64, SHA256 + "\n"])
def test_a_malformed_sha256_is_refused_before_any_request(server: FileServer, tmp_path: Path, sha256: str) -> None:
    with pytest.raises(SettingsError, match="--sha256 must be 64 hexadecimal digits"):
        fetch_url(server.url, sha256, tmp_path)
    assert server.ranges == []


def test_a_file_with_another_sha256_is_refused_and_removed(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"the file from 127\.0\.0\.1 has another SHA-256 than expected"):
        fetch_url(server.url, "0" * 64, tmp_path)
    assert files(tmp_path) == []


def test_a_server_that_does_not_state_the_size_is_refused(server: FileServer, tmp_path: Path) -> None:
    server.fault = "chunks"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 does not state the size of the file"):
        fetch_url(server.url, SHA256, tmp_path)


def test_an_error_of_the_server_is_reported(server: FileServer, tmp_path: Path) -> None:
    server.fault = "gone"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 answers 404 Not Found"):
        fetch_url(server.url, SHA256, tmp_path)


def test_a_file_larger_than_an_onnx_file_can_be_is_refused(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", len(CONTENT) - 1)
    with pytest.raises(ModelError, match=f"the file has {len(CONTENT)} bytes; an ONNX file has"):
        fetch_url(server.url, SHA256, tmp_path)
    assert files(tmp_path) == []


def test_an_existing_file_is_kept_and_not_requested(server: FileServer, tmp_path: Path) -> None:
    file = tmp_path / "file.onnx"
    file.write_bytes(CONTENT)
    assert "exists already" in fetch_url(server.url, SHA256, tmp_path)
    file.write_bytes(b"mine")
    with pytest.raises(ModelError, match="exists and is another file; rename it first"):
        fetch_url(server.url, SHA256, tmp_path)
    assert file.read_bytes() == b"mine"
    assert server.ranges == []


@pytest.mark.parametrize("name", ["default", "net"])
def test_the_name_of_another_model_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / FILE).write_text('[net]\nclasses = "2"\ninput = "1×1"\nlicence = "MIT"\norigin = "here"\n', "utf-8")
    with pytest.raises(SettingsError, match=f"the name '{name}', from the end of the URL, belongs to another model"):
        fetch_url(f"https://host.invalid/{name}.onnx", SHA256, tmp_path)


@pytest.mark.parametrize("option", [["--sha256", SHA256], [f"--sha256={SHA256}"]], ids=["two words", "one word"])
@pytest.mark.parametrize("url_first", [True, False])
def test_the_command_takes_url_and_sha256_in_any_order(
    server: FileServer, tmp_path: Path, option: list[str], url_first: bool
) -> None:
    assert main(["fetch", *([server.url, *option] if url_first else [*option, server.url])], tmp_path) == 0
    assert files(tmp_path) == ["file.onnx"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["https://host/net.onnx"], "fetch URL requires --sha256 DIGITS"),
        (["https://host/net.onnx", "--sha256"], "models fetch expects NAME, or URL --sha256 DIGITS"),
        (["net", "--sha256", SHA256], "models fetch expects NAME, or URL --sha256 DIGITS"),
    ],
)
def test_the_command_refuses_a_url_without_sha256_and_a_name_with_one(
    tmp_path: Path, words: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        main(["fetch", *words], tmp_path)
