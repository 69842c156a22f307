"""The folder after a successful download, and after each fault of the server or of the disk."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import DownloadError
from common.model_zoo.catalogue import RemoteFile
from common.model_zoo.download import download
from tests.support.file_server import Fault, FileServer, serving_file
from tests.support.ports import free_port

CONTENT = random.Random(1).randbytes(1_000_000)  # more than fits a socket buffer
SIZE = len(CONTENT)
SHORT_S = 0.3  # timeout where the server never answers
LONG_S = 20.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving_file(CONTENT) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx.part"


def remote(url: str, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(url=url, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def fetch(url: str, target: Path, timeout_s: float = LONG_S) -> list[int]:
    """Download; returns the reported progress."""
    reported: list[int] = []
    download(remote(url), target, reported.append, timeout_s)
    return reported


def refusal(url: str, target: Path, timeout_s: float = LONG_S) -> str:
    with pytest.raises(DownloadError) as raised:
        fetch(url, target, timeout_s)
    message = str(raised.value)
    assert "\n" not in message
    assert not target.exists()
    return message


def test_a_download_leaves_the_file_and_nothing_else(server: FileServer, target: Path) -> None:
    reported = fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert (reported, reported[-1]) == (sorted(reported), SIZE)
    assert len(reported) > 1


@pytest.mark.parametrize("fault", ["moved", "chunks"])
def test_redirects_and_chunks_are_followed(server: FileServer, target: Path, fault: Fault) -> None:
    server.fault = fault
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


def test_an_interrupted_download_is_resumed(server: FileServer, target: Path, part: Path) -> None:
    server.fault = "breaks"
    assert f"closed the connection after {SIZE // 2} of {SIZE} bytes; run the same" in refusal(server.url, target)
    assert part.read_bytes() == CONTENT[: SIZE // 2]
    assert f"closed the connection after {SIZE // 4 * 3} of {SIZE} bytes" in refusal(server.url, target)
    server.fault = ""
    reported = fetch(server.url, target)
    assert server.ranges == [None, f"bytes={SIZE // 2}-", f"bytes={SIZE // 4 * 3}-"]
    assert reported[0] > SIZE // 4 * 3
    assert target.read_bytes() == CONTENT
    assert not part.exists()


@pytest.mark.parametrize(
    ("fault", "requested_again"),
    [("moved", []), ("ignores ranges", []), ("chunks", []), ("refuses ranges", [None]), ("sends another part", [None])],
)
def test_a_resumed_download_is_complete_however_the_server_handles_ranges(
    server: FileServer, target: Path, part: Path, fault: Fault, requested_again: list[None]
) -> None:
    part.write_bytes(CONTENT[: SIZE // 3])
    server.fault = fault
    fetch(server.url, target)
    assert server.ranges == [f"bytes={SIZE // 3}-", *requested_again]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("size", "requested"), [(1000, ["bytes=1000-", None]), (SIZE, [None]), (SIZE + 1, [None])])
def test_partial_content_of_another_file_is_replaced(
    server: FileServer, target: Path, part: Path, size: int, requested: list[str | None]
) -> None:
    part.write_bytes(bytes(size))
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges == requested


def test_complete_partial_content_is_not_requested_again(server: FileServer, target: Path, part: Path) -> None:
    part.write_bytes(CONTENT)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges == []


@pytest.mark.parametrize(
    ("fault", "message", "kept"),  # at most this many bytes
    [
        ("wrong bytes", "the file from 127.0.0.1 has another SHA-256 than expected", 0),
        ("too little with Content-Length", f"the file from 127.0.0.1 has {SIZE - 1} bytes, not the expected {SIZE}", 0),
        ("too much with Content-Length", f"the file from 127.0.0.1 has {SIZE + 1} bytes, not the expected {SIZE}", 0),
        ("too much", f"127.0.0.1 sends more than the expected {SIZE} bytes", SIZE),
        ("breaks a chunk", "cannot download from 127.0.0.1: ", 1000),
        ("gone", "127.0.0.1 answers 404 Not Found", 0),
        ("invalid response", "cannot download from 127.0.0.1: 220 mail.example ready", 0),
        ("moved in a circle", "127.0.0.1 answers 302 The HTTP server returned a redirect error", 0),
        ("moved to plain http", "cannot download from http://example.invalid: only HTTPS is allowed", 0),
        ("moved to a file", "127.0.0.1 answers 302 Found - Redirection to url 'file:///", 0),
        ("moved nowhere", "cannot download from 127.0.0.1: nonnumeric port: 'none'", 0),
    ],
)
def test_a_fault_of_the_server_is_reported_and_leaves_no_model(
    server: FileServer, target: Path, part: Path, fault: Fault, message: str, kept: int
) -> None:
    server.fault = fault
    assert refusal(server.url, target).startswith(message)
    assert (part.stat().st_size <= kept) if kept else not part.exists()
    server.fault = ""
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["gone", "too little with Content-Length", "moved to plain http", "invalid response"])
def test_another_response_does_not_discard_the_partial_content(
    server: FileServer, target: Path, part: Path, fault: Fault
) -> None:
    part.write_bytes(CONTENT[:1000])
    server.fault = fault
    refusal(server.url, target)
    assert part.read_bytes() == CONTENT[:1000]


def test_a_stalled_transfer_times_out_and_keeps_the_partial_content(
    server: FileServer, target: Path, part: Path
) -> None:
    server.fault = "stalls"
    expected = f"cannot download from 127.0.0.1: no data for {SHORT_S} s; run the same command to resume"
    assert refusal(server.url, target, SHORT_S) == expected
    assert part.read_bytes() == CONTENT[: SIZE // 2]


def test_a_server_that_never_answers_times_out(server: FileServer, target: Path, part: Path) -> None:
    server.fault = "silent"
    assert refusal(server.url, target, SHORT_S) == f"cannot download from 127.0.0.1: no data for {SHORT_S} s"
    assert not part.exists()


def test_a_refused_connection_is_reported_with_the_host(target: Path, part: Path) -> None:
    port = free_port()
    assert refusal(f"http://127.0.0.1:{port}/", target) == "cannot download from 127.0.0.1: Connection refused"
    assert not part.exists()


def test_a_server_without_tls_is_refused_for_an_https_address(server: FileServer, target: Path) -> None:
    assert "SSL" in refusal(server.url.replace("http:", "https:"), target)
    assert server.ranges == []


def test_plain_http_is_allowed_on_loopback_only(target: Path, part: Path) -> None:
    expected = "cannot download from http://example.invalid: only HTTPS is allowed"
    assert refusal("http://example.invalid/net.onnx", target) == expected
    assert not part.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_reported(server: FileServer, target: Path, part: Path) -> None:
    part.symlink_to("/dev/full")
    assert refusal(server.url, target) == f"cannot write {part}: No space left on device"


def test_a_missing_folder_is_reported(server: FileServer, tmp_path: Path) -> None:
    target = tmp_path / "none" / "net.onnx"
    assert refusal(server.url, target) == f"cannot write {target}.part: No such file or directory"
    assert server.ranges == []
