"""`python main.py models` as a user runs it, in a checkout whose catalogue names a server on this machine."""

import hashlib
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.apps import PATIENCE_S, running
from tests.support.file_server import Fault, FileServer, serving_file
from tests.support.onnx_models import save_tiny_yolov3
from tests.support.videos import write_clip

ROOT = Path(__file__).resolve().parents[2]
# Root may write where nobody may, unless it gives this right away.
AS_A_USER = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A detector that works, and is larger than what sockets take at once."""
    file = save_tiny_yolov3(tmp_path_factory.mktemp("model") / "net.onnx", metadata={"padding": "x" * 1_000_000})
    return file.read_bytes()


@pytest.fixture
def server(model: bytes) -> Iterator[FileServer]:
    with serving_file(model) as server:
        yield server


@pytest.fixture
def checkout(server: FileServer, tmp_path: Path) -> Path:
    """A copy without models and clip, whose catalogue knows `net`, on the server, and `road`, which is bundled."""
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
    """The one line that is said, after what there was to say of the progress."""
    done = run(checkout, *words, prefix=prefix)
    assert done.returncode == 2, done
    assert done.stdout == ""
    *progress, fault = done.stderr.splitlines()
    assert [line for line in progress if " MB" not in line] == []
    assert fault.startswith("error: ")
    return fault.removeprefix("error: ")


def models(checkout: Path) -> set[str]:
    """The models in the folder, and the parts of some."""
    return {file.name for file in (checkout / "models").iterdir() if ".onnx" in file.name}


@contextmanager
def under_way(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """A fetch of `net` that has got something, from a server that stalls."""
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


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_list_says_what_there_is_and_what_is_here(checkout: Path, server: FileServer) -> None:
    head, *rows = listed(checkout)
    assert head == ["name", "classes", "input", "size", "licence", "here", "about it"]
    assert rows == [
        ["road", "2, shapes", "416×416", "", "CC0", "missing", "the tests"],
        ["net", "2, shapes", "416×416", "1.0 MB", "CC0", "no", "the tests"],
    ]
    (checkout / "models/road.onnx").write_bytes(bytes(2_500_000))
    (checkout / "models/net.onnx").write_bytes(server.content)
    assert [(row[3], row[5]) for row in listed(checkout)[1:]] == [("2.5 MB", "bundled"), ("1.0 MB", "yes")]
    (checkout / "models/net.onnx").write_bytes(b"mine")
    assert listed(checkout)[2][5] == "another file"


def listed(checkout: Path) -> list[list[str]]:
    """The cells of each row."""
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


def test_a_model_that_was_fetched_runs_by_its_name(checkout: Path, server: FileServer, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 30, 30)
    flags = ("--impl", "threading", "--source", str(clip), "--model", "net")
    fault = refusal(checkout, *flags)
    assert fault == "model 'net' is not here yet; get it with: python main.py models fetch net"
    done = run(checkout, *fault.partition("main.py ")[2].split())
    assert (done.returncode, models(checkout)) == (0, {"net.onnx"})
    assert "run it with --model net" in done.stdout
    assert "100 %" in done.stderr.splitlines()[-1]
    with running(*flags, folder=checkout) as app:
        app.wait_until_ready()
        assert "net.onnx" in app.stdout


def test_what_is_here_is_not_fetched_again(checkout: Path, server: FileServer) -> None:
    run(checkout, "models", "fetch", "net")
    done = run(checkout, "models", "fetch", "net")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is here already" in done.stdout
    assert len(server.ranges) == 1


def test_a_file_of_ones_own_is_not_written_over(checkout: Path, server: FileServer) -> None:
    own = checkout / "models/net.onnx"
    own.write_bytes(b"mine")
    assert "move it away" in refusal(checkout, "models", "fetch", "net")
    assert own.read_bytes() == b"mine"
    assert server.ranges == []


def test_a_bundled_model_is_not_fetched(checkout: Path) -> None:
    assert "road.onnx comes along with the app" in refusal(checkout, "models", "fetch", "road")
    (checkout / "models/road.onnx").write_bytes(b"whatever")
    assert "is here already" in run(checkout, "models", "fetch", "road").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "models takes list, or fetch and a NAME; models --help tells more"),
        (["fetch"], "models takes list, or fetch and a NAME; models --help tells more"),
        (["fetch", "--now"], "models takes list, or fetch and a NAME; models --help tells more"),
        (["fetch", "a", "b"], "models takes list, or fetch and a NAME; models --help tells more"),
        (["fetch", "../net"], "'../net' is not in {models}/catalogue.toml; choose from road, net"),
    ],
)
def test_a_mistake_is_answered_with_what_would_do(checkout: Path, words: list[str], message: str) -> None:
    assert refusal(checkout, "models", *words) == message.format(models=checkout / "models")


def test_help_tells_of_both(checkout: Path) -> None:
    done = run(checkout, "models", "--help")
    assert done.returncode == 0
    assert "models list\n" in done.stdout
    assert "models fetch NAME\n" in done.stdout


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("wrong bytes", "what 127.0.0.1 sent is not the file wanted: its SHA-256 is another"),
        ("gone", "127.0.0.1 answers 404 Not Found"),
        ("moved to no URL", "cannot fetch from 127.0.0.1: Invalid IPv6 URL"),
    ],
)
def test_a_fault_is_one_line_and_leaves_nothing(checkout: Path, server: FileServer, fault: Fault, message: str) -> None:
    server.fault = fault
    assert refusal(checkout, "models", "fetch", "net") == message
    assert models(checkout) == set()


def test_without_a_network_it_says_so(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        nowhere = f"https://127.0.0.1:{unused.getsockname()[1]}/net.onnx"
    catalogue = checkout / "models/catalogue.toml"
    catalogue.write_text(re.sub('http://[^"]*', nowhere, catalogue.read_text("utf-8")), "utf-8")
    assert refusal(checkout, "models", "fetch", "net") == "cannot fetch from 127.0.0.1: Connection refused"
    assert models(checkout) == set()


def test_ctrl_c_keeps_what_came_and_the_next_fetch_goes_on(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with under_way(checkout) as process:
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "stopped; the same command goes on from there"
    assert "Traceback" not in stderr
    assert models(checkout) == {"net.onnx.part"}
    assert "is not here yet" in refusal(checkout, "--impl", "threading", "--source", "0", "--model", "net")
    server.fault = ""
    assert run(checkout, "models", "fetch", "net").returncode == 0
    assert server.ranges[-1] is not None
    assert models(checkout) == {"net.onnx"}
    assert (checkout / "models/net.onnx").read_bytes() == server.content


def test_a_fetch_that_is_killed_is_no_model_and_goes_on(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with under_way(checkout) as process:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    assert models(checkout) == {"net.onnx.part"}
    server.fault = ""
    assert run(checkout, "models", "fetch", "net").returncode == 0
    assert server.ranges[-1] is not None
    assert (checkout / "models/net.onnx").read_bytes() == server.content


def test_two_do_not_fetch_the_same_at_once(checkout: Path, server: FileServer) -> None:
    server.fault = "stalls"
    with under_way(checkout):
        assert refusal(checkout, "models", "fetch", "net") == "another process is fetching net.onnx"
        assert models(checkout) == {"net.onnx.part"}


def test_a_folder_that_may_not_be_written_is_named(checkout: Path, server: FileServer) -> None:
    if AS_A_USER and not (
        shutil.which("setpriv") and subprocess.run([*AS_A_USER, "true"], check=False).returncode == 0
    ):
        pytest.skip("root may write everywhere, and cannot give that right away here")
    (checkout / "models").chmod(0o555)
    fault = refusal(checkout, "models", "fetch", "net", prefix=AS_A_USER)
    assert fault == f"cannot write {checkout / 'models/net.onnx.part'}: Permission denied"
    assert server.ranges == []


def test_a_terminal_sees_one_line_that_changes(checkout: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command("models", "fetch", "net"), cwd=checkout, env=environment(), stdout=subprocess.DEVNULL, stderr=theirs
        ) as process:
            assert process.wait(PATIENCE_S) == 0
        text = os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert text.startswith("\r\x1b[K")
    assert text.count("\n") == 1
    assert "100 %, 1.0 of 1.0 MB" in text
