"""`python main.py models list` and `fetch` as subprocesses, with a catalogue that names a server on loopback."""

import hashlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.model_commands.command import EXPECTED, EXPECTED_TO_FETCH
from tests.support.apps import PATIENCE_S, running
from tests.support.file_server import Fault, FileServer, serving_file
from tests.support.onnx_models import save_tiny_yolov3
from tests.support.permissions import as_a_user
from tests.support.ports import free_port
from tests.support.videos import write_clip
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A working detector, larger than a socket buffer."""
    file = save_tiny_yolov3(tmp_path_factory.mktemp("model") / "net.onnx", metadata={"padding": "x" * 1_000_000})
    return file.read_bytes()


@pytest.fixture
def server(model: bytes) -> Iterator[FileServer]:
    with serving_file(model) as server:
        yield server


@pytest.fixture
def checkout(server: FileServer, tmp_path: Path) -> Path:
    """A copy without models and clip. Its catalogue has `net`, on the server, and `road`, which is bundled."""
    copy = tmp_path / "checkout"
    without = shutil.ignore_patterns("__pycache__", "sample", "training", "*.onnx*")
    for name in ("common", "threading_impl", "models"):
        shutil.copytree(ROOT / name, copy / name, ignore=without)
    for name in ("main.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    shown = 'classes = "2, shapes"\ninput = "416×416"\nlicence = "CC0"\norigin = "the tests"\n'
    (copy / "models/catalogue.toml").write_text(
        f'[road]\n{shown}[net]\n{shown}[net.download]\nurl = "{server.url}"\n'
        f'size = {len(server.content)}\nsha256 = "{hashlib.sha256(server.content).hexdigest()}"\n',
        encoding="utf-8",
    )
    return copy


def command(*words: str) -> list[str]:
    return [sys.executable, "main.py", *words]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("VISION_")} | {
        "no_proxy": "127.0.0.1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(checkout: Path, *words: str, prefix: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(prefix or []), *command(*words)],
        cwd=checkout, env=environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def refusal(checkout: Path, *words: str, prefix: list[str] | None = None) -> str:
    """Return the error, one line, that follows the lines of progress."""
    done = run(checkout, *words, prefix=prefix)
    assert done.returncode == 2, done
    assert done.stdout == ""
    *progress, fault = done.stderr.splitlines()
    assert [line for line in progress if " MB" not in line] == []
    assert fault.startswith("error: ")
    return fault.removeprefix("error: ")


def models(checkout: Path) -> set[str]:
    """Return the names of the models and of the partial downloads in the folder."""
    return {file.name for file in (checkout / "models").iterdir() if ".onnx" in file.name}


@contextmanager
def stalled_fetch(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a fetch of `net` from a server that stalls, and wait for its first bytes."""
    part = checkout / "models/net.onnx.part"
    with subprocess.Popen(
        command("models", "fetch", "net"),
        cwd=checkout, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_until(lambda: part.exists() and part.stat().st_size > 0)
            yield process
        finally:
            process.kill()


def test_the_list_shows_the_catalogue_with_the_state_of_each_model(checkout: Path, server: FileServer) -> None:
    head, *rows = listed(checkout)
    assert head == ["name", "state", "size", "classes", "input", "licence", "origin"]
    assert rows == [
        ["road", "missing", "", "2, shapes", "416×416", "CC0", "the tests"],
        ["net", "not fetched", "1.0 MB", "2, shapes", "416×416", "CC0", "the tests"],
    ]
    (checkout / "models/road.onnx").write_bytes(bytes(2_500_000))
    (checkout / "models/net.onnx").write_bytes(server.content)
    assert [row[1:3] for row in listed(checkout)[1:]] == [["bundled", "2.5 MB"], ["fetched", "1.0 MB"]]
    (checkout / "models/net.onnx").write_bytes(b"mine")
    assert listed(checkout)[2][1] == "another file"


def test_the_list_shows_files_that_are_not_in_the_catalogue(checkout: Path) -> None:
    (checkout / "models/Own v2.onnx").write_bytes(bytes(1_500_000))
    (checkout / "models/net2.onnx.part").write_bytes(b"partial")
    *_, own = listed(checkout)
    assert own == ["Own v2", "own file", "1.5 MB", "", "", "", "see models check 'Own v2'"]


def listed(checkout: Path) -> list[list[str]]:
    """Return the cells of each row."""
    done = run(checkout, "models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    starts = [head.index(title) for title in re.split(r"  +", head)]
    ends = [*starts[1:], None]
    return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in (head, *rows)]


def test_the_shipped_catalogue_is_listed() -> None:
    done = run(ROOT, "models", "list")
    assert done.returncode == 0
    assert {"tiny-yolov3-road", "tiny-yolov3", "yolox-nano"} <= {line.split()[0] for line in done.stdout.splitlines()}


def test_a_fetched_model_runs_by_its_name(checkout: Path, server: FileServer, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 30, 30)
    flags = ("--impl", "threading", "--source", str(clip), "--model", "net")
    fault = refusal(checkout, *flags)
    assert fault == "model 'net' is not downloaded; run: python main.py models fetch net"
    done = run(checkout, *fault.partition("main.py ")[2].split())
    assert (done.returncode, models(checkout)) == (0, {"net.onnx"})
    assert "run it with --model net" in done.stdout
    assert "100 %" in done.stderr.splitlines()[-1]
    with running(*flags, folder=checkout) as app:
        app.wait_until_ready()
        assert "net.onnx" in app.stdout


def test_an_existing_model_is_not_fetched_again(checkout: Path, server: FileServer) -> None:
    run(checkout, "models", "fetch", "net")
    done = run(checkout, "models", "fetch", "net")
    assert (done.returncode, done.stderr) == (0, "")
    assert "exists already" in done.stdout
    assert len(server.ranges) == 1


def test_another_file_of_that_name_is_not_overwritten(checkout: Path, server: FileServer) -> None:
    own = checkout / "models/net.onnx"
    own.write_bytes(b"mine")
    assert "exists and is another file; rename it first" in refusal(checkout, "models", "fetch", "net")
    assert own.read_bytes() == b"mine"
    assert server.ranges == []


def test_a_bundled_model_has_no_download(checkout: Path) -> None:
    assert "road.onnx is part of the app and has no download" in refusal(checkout, "models", "fetch", "road")
    (checkout / "models/road.onnx").write_bytes(b"whatever")
    assert "exists already" in run(checkout, "models", "fetch", "road").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], EXPECTED),
        (["fetch"], EXPECTED_TO_FETCH),
        (["fetch", "--now"], EXPECTED_TO_FETCH),
        (["fetch", "a", "b"], EXPECTED_TO_FETCH),
        (["fetch", "../net"], "'../net' is not in {models}/catalogue.toml; choose from road, net"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_is_expected(checkout: Path, words: list[str], message: str) -> None:
    assert refusal(checkout, "models", *words) == message.format(models=checkout / "models")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["list", "--help"], ["fetch", "--help"]])
def test_help_describes_every_form(checkout: Path, words: list[str]) -> None:
    done = run(checkout, "models", *words)
    assert done.returncode == 0
    assert "models list\n" in done.stdout
    assert "models fetch NAME\n" in done.stdout
    assert "models fetch URL --sha256 DIGITS\n" in done.stdout
    assert "models check FILE [--image FILE] [--provider NAME]\n" in done.stdout


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("wrong bytes", "the file from 127.0.0.1 has another SHA-256 than expected"),
        ("gone", "127.0.0.1 answers 404 Not Found"),
        ("moved to no URL", "cannot download from 127.0.0.1: Invalid IPv6 URL"),
    ],
)
def test_a_fault_of_the_server_is_one_line_and_leaves_nothing(
    checkout: Path, server: FileServer, fault: Fault, message: str
) -> None:
    server.fault = fault
    assert refusal(checkout, "models", "fetch", "net") == message
    assert models(checkout) == set()


def test_a_refused_connection_is_reported(checkout: Path) -> None:
    nowhere = f"https://127.0.0.1:{free_port()}/net.onnx"
    catalogue = checkout / "models/catalogue.toml"
    catalogue.write_text(re.sub('http://[^"]*', nowhere, catalogue.read_text("utf-8")), "utf-8")
    assert refusal(checkout, "models", "fetch", "net") == "cannot download from 127.0.0.1: Connection refused"
    assert models(checkout) == set()


def test_ctrl_c_keeps_the_partial_download_and_the_next_fetch_resumes_it(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with stalled_fetch(checkout) as process:
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "stopped; run the same command to resume"
    assert "Traceback" not in stderr
    assert models(checkout) == {"net.onnx.part"}
    assert "is not downloaded" in refusal(checkout, "--impl", "threading", "--source", "0", "--model", "net")
    server.fault = ""
    assert run(checkout, "models", "fetch", "net").returncode == 0
    assert server.ranges[-1] is not None
    assert models(checkout) == {"net.onnx"}
    assert (checkout / "models/net.onnx").read_bytes() == server.content


def test_a_killed_fetch_leaves_no_model_and_is_resumed(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with stalled_fetch(checkout) as process:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    assert models(checkout) == {"net.onnx.part"}
    server.fault = ""
    assert run(checkout, "models", "fetch", "net").returncode == 0
    assert server.ranges[-1] is not None
    assert (checkout / "models/net.onnx").read_bytes() == server.content


def test_a_model_is_not_fetched_twice_at_the_same_time(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with stalled_fetch(checkout):
        assert refusal(checkout, "models", "fetch", "net") == "another process is downloading net.onnx"
        assert models(checkout) == {"net.onnx.part"}


def test_a_read_only_folder_is_reported(checkout: Path, server: FileServer) -> None:
    (checkout / "models").chmod(0o555)
    fault = refusal(checkout, "models", "fetch", "net", prefix=as_a_user())
    assert fault == f"cannot write {checkout / 'models/net.onnx.part'}: Permission denied"
    assert server.ranges == []


def test_a_terminal_gets_one_line_that_is_rewritten(checkout: Path) -> None:
    primary, secondary = pty.openpty()
    try:
        with subprocess.Popen(
            command("models", "fetch", "net"),
            cwd=checkout,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=secondary,
        ) as process:
            assert process.wait(PATIENCE_S) == 0
        text = os.read(primary, 1 << 16).decode()
    finally:
        os.close(primary)
        os.close(secondary)
    assert text.startswith("\r\x1b[K")
    assert text.count("\n") == 1
    assert "100 %, 1.0 of 1.0 MB" in text
