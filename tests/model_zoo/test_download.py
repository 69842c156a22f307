"""What is in the folder after a download that went well, and after each way in which one can go wrong."""

import hashlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import DownloadError
from common.model_zoo.catalogue import RemoteFile
from common.model_zoo.download import download
from tests.support.file_server import Fault, FileServer, serving_file

CONTENT = random.Random(1).randbytes(1_000_000)  # more than sockets take at once
SIZE = len(CONTENT)
SHORT_S = 0.3  # of patience, where the server is silent for good
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
    """Download; returns what was told of the progress."""
    told: list[int] = []
    download(remote(url), target, told.append, timeout_s)
    return told


def refusal(url: str, target: Path, timeout_s: float = LONG_S) -> str:
    with pytest.raises(DownloadError) as raised:
        fetch(url, target, timeout_s)
    message = str(raised.value)
    assert "\n" not in message
    assert not target.exists()
    return message


def test_a_file_is_fetched_and_nothing_else_is_left(server: FileServer, target: Path) -> None:
    told = fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert (told, told[-1]) == (sorted(told), SIZE)
    assert len(told) > 1


@pytest.mark.parametrize("fault", ["moved", "chunks"])
def test_redirects_and_chunks_are_followed(server: FileServer, target: Path, fault: Fault) -> None:
    server.fault = fault
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


def test_a_download_that_breaks_off_goes_on_where_it_was(server: FileServer, target: Path, part: Path) -> None:
    server.fault = "breaks"
    assert f"broke off after {SIZE // 2} of {SIZE} bytes; the same command goes on" in refusal(server.url, target)
    assert part.read_bytes() == CONTENT[: SIZE // 2]
    assert f"broke off after {SIZE // 4 * 3} of {SIZE} bytes" in refusal(server.url, target)
    server.fault = ""
    told = fetch(server.url, target)
    assert server.ranges == [None, f"bytes={SIZE // 2}-", f"bytes={SIZE // 4 * 3}-"]
    assert told[0] > SIZE // 4 * 3
    assert target.read_bytes() == CONTENT
    assert not part.exists()


@pytest.mark.parametrize(
    ("fault", "asked_anew"),
    [("moved", []), ("ignores ranges", []), ("chunks", []), ("refuses ranges", [None]), ("sends another part", [None])],
)
def test_a_resumed_download_is_whole_whatever_the_server_makes_of_ranges(
    server: FileServer, target: Path, part: Path, fault: Fault, asked_anew: list[None]
) -> None:
    part.write_bytes(CONTENT[: SIZE // 3])
    server.fault = fault
    fetch(server.url, target)
    assert server.ranges == [f"bytes={SIZE // 3}-", *asked_anew]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("size", "asked"), [(1000, ["bytes=1000-", None]), (SIZE, [None]), (SIZE + 1, [None])])
def test_a_beginning_of_another_file_is_not_glued_to_the_rest(
    server: FileServer, target: Path, part: Path, size: int, asked: list[str | None]
) -> None:
    part.write_bytes(bytes(size))
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges == asked


def test_a_part_that_is_already_whole_is_not_fetched_again(server: FileServer, target: Path, part: Path) -> None:
    part.write_bytes(CONTENT)
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges == []


@pytest.mark.parametrize(
    ("fault", "message", "kept"),  # at most so many bytes of it
    [
        ("wrong bytes", "what 127.0.0.1 sent is not the file wanted: its SHA-256 is another", 0),
        ("too little and says so", f"what 127.0.0.1 sends is not the file wanted: {SIZE - 1} bytes instead", 0),
        ("too much and says so", f"what 127.0.0.1 sends is not the file wanted: {SIZE + 1} bytes instead", 0),
        ("too much", f"127.0.0.1 sends more than the {SIZE} bytes that are wanted", SIZE),
        ("breaks a chunk", "cannot fetch from 127.0.0.1: ", 1000),
        ("gone", "127.0.0.1 answers 404 Not Found", 0),
        ("talks nonsense", "cannot fetch from 127.0.0.1: 220 mail.example ready", 0),
        ("moved in a circle", "127.0.0.1 answers 302 The HTTP server returned a redirect error", 0),
        ("moved to plain http", "http://example.invalid is not fetched from: only https is", 0),
        ("moved to a file", "127.0.0.1 answers 302 Found - Redirection to url 'file:///", 0),
        ("moved nowhere", "cannot fetch from 127.0.0.1: nonnumeric port: 'none'", 0),
    ],
)
def test_a_fault_of_the_server_is_named_and_its_answer_is_no_model(
    server: FileServer, target: Path, part: Path, fault: Fault, message: str, kept: int
) -> None:
    server.fault = fault
    assert refusal(server.url, target).startswith(message)
    assert (part.stat().st_size <= kept) if kept else not part.exists()
    server.fault = ""
    fetch(server.url, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["gone", "too little and says so", "moved to plain http", "talks nonsense"])
def test_an_answer_that_is_not_the_file_does_not_cost_what_came_before(
    server: FileServer, target: Path, part: Path, fault: Fault
) -> None:
    part.write_bytes(CONTENT[:1000])
    server.fault = fault
    refusal(server.url, target)
    assert part.read_bytes() == CONTENT[:1000]


def test_a_server_that_stalls_is_given_up_and_what_came_is_kept(server: FileServer, target: Path, part: Path) -> None:
    server.fault = "stalls"
    expected = f"cannot fetch from 127.0.0.1: nothing came for {SHORT_S} s; the same command goes on from there"
    assert refusal(server.url, target, SHORT_S) == expected
    assert part.read_bytes() == CONTENT[: SIZE // 2]


def test_a_server_that_never_answers_is_given_up(server: FileServer, target: Path, part: Path) -> None:
    server.fault = "silent"
    assert refusal(server.url, target, SHORT_S) == f"cannot fetch from 127.0.0.1: nothing came for {SHORT_S} s"
    assert not part.exists()


def test_without_a_server_the_address_is_named(target: Path, part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert refusal(f"http://127.0.0.1:{port}/", target) == "cannot fetch from 127.0.0.1: Connection refused"
    assert not part.exists()


def test_a_server_that_does_not_speak_tls_is_refused_where_https_is_asked(server: FileServer, target: Path) -> None:
    assert "SSL" in refusal(server.url.replace("http:", "https:"), target)
    assert server.ranges == []


def test_plain_http_is_fetched_from_this_machine_only(target: Path, part: Path) -> None:
    expected = "http://example.invalid is not fetched from: only https is"
    assert refusal("http://example.invalid/net.onnx", target) == expected
    assert not part.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_named(server: FileServer, target: Path, part: Path) -> None:
    part.symlink_to("/dev/full")
    assert refusal(server.url, target) == f"cannot write {part}: No space left on device"


def test_a_folder_that_is_not_there_is_named(server: FileServer, tmp_path: Path) -> None:
    target = tmp_path / "none" / "net.onnx"
    assert refusal(server.url, target) == f"cannot write {target}.part: No such file or directory"
    assert server.ranges == []
