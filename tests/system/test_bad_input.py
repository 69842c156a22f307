"""Bad input: an error of one line, exit code 2, and no effect on an app that runs already."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.apps import PATIENCE_S, App, ViewerClient, running, start, viewing
from tests.support.onnx_models import save_failing, save_identity, save_yolox
from tests.support.permissions import as_a_user
from tests.support.ports import free_port
from tests.support.videos import OTHER, MjpegCamera, number_in, write_clip

LOG_LINE = re.compile(r"[0-9:]{8} (INFO|WARNING|ERROR) ")
IN_THREADS = ("--impl", "threading")  # for tests that do not depend on the implementation: threads start sooner


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip and a model that work, and many that do not."""
    folder = tmp_path_factory.mktemp("inputs")
    write_clip(folder / "clip.avi", 60, 30)
    save_yolox(folder / "finder.onnx")
    (folder / "text.txt").write_text("neither a video nor a model\n" * 20)
    (folder / "empty.mp4").touch()
    (folder / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "noise.onnx").write_bytes(np.random.default_rng(0).bytes(5000))
    save_identity(folder / "identity.onnx", [1, 3, 8, 8])
    save_failing(folder / "failing.onnx")
    (folder / "mine.py").write_text("def process(frame):\n    return None\n")
    return folder


@pytest.fixture
def good(inputs: Path) -> tuple[str, ...]:
    """Flags for a source and a model that work."""
    return "--source", str(inputs / "clip.avi"), "--model", str(inputs / "finder.onnx")


@pytest.fixture
def refusal(tmp_path: Path, good: tuple[str, ...]) -> Iterator[Callable[..., str]]:
    """Return a function that starts the app with invalid flags and returns its error: one line, and no address."""
    processes: list[subprocess.Popen[bytes]] = []

    def refused(*flags: str, within: Sequence[str] = ()) -> str:
        processes.append(start(tmp_path, *(good[2:] if "--source" in flags else good), *flags, within=within))
        assert processes[-1].wait(PATIENCE_S) == 2
        assert (tmp_path / "stdout").read_text() == ""
        lines = (tmp_path / "stderr").read_text(encoding="utf-8").splitlines()
        faults = [line for line in lines if not LOG_LINE.match(line)]
        assert len(faults) == 1, lines
        assert faults == lines[-1:]
        assert faults[0].startswith("error: ")
        return faults[0]

    yield refused
    for process in processes:
        process.kill()
        process.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--source", "missing.mp4"], ["missing.mp4", "does not exist"]),
        (["--source", "common"], ["common", "folder"]),
        (["--model", "missing.onnx"], ["missing.onnx"]),
        (["--model", "common"], ["common", "neither a file"]),
        (["--ui-fps", "40"], ["ui_fps (40)", "capture_fps (30)"]),
        (["--capture-fps", "10", "--ui-fps", "10", "--queue-fps", "11"], ["queue_fps (11)", "capture_fps (10)"]),
        (["--capture-fps", "0"], ["--capture-fps", "'0'", "above 0"]),
        (["--capture-fps", "nan"], ["--capture-fps", "'nan'"]),
        (["--queue-fps", "-5"], ["--queue-fps", "'-5'"]),
        (["--impl", "fibers"], ["--impl", "'fibers'", "multiprocessing", "threading"]),
        (["--port", "99999"], ["--port", "'99999'", "65535"]),
        (["--min-score", "2"], ["--min-score", "'2'", "between 0 and 1"]),
        (["--provider", "gpu"], ["--provider", "'gpu'", "auto, cpu, openvino, cuda"]),
        (["--provider", "directml"], ["'directml' is not part of the installed onnxruntime, which has"]),
        (["--host", "no such host"], ["no such host"]),
        (["--tls-cert", "main.py"], ["tls_cert needs tls_key"]),
        (["--tls-cert", "main.py", "--tls-key", "missing.pem"], ["tls_key", "missing.pem", "No such file"]),
        (["--tls-cert", "main.py", "--tls-key", "main.py"], ["main.py", "in PEM format"]),
        (["--uifps", "15"], ["--uifps", "--ui-fps"]),
        (["--source", "main.py", "--source", "common"], ["--source", "need a name each"]),
        (["--source", "a=main.py", "--source", "b=main.py"], ["main.py", "not a video file"]),
        (["--source", "a=main.py", "--source", "b=none.mp4"], ["none.mp4", "does not exist"]),
        (["--source", "a/b=main.py"], ["'a/b=main.py'", "does not exist"]),
        (["--source", 'a"b=main.py'], ["--source", "a name of 1 to 40 letters"]),
        (["--config", "vision.example.toml", "--ui-width", "wide"], ["--ui-width", "'wide'"]),
        (["--host", "nothere.invalid"], ["cannot listen on nothere.invalid port 0: "]),
        (["fly"], ["'fly'", "run"]),
    ],
    ids=" ".join,
)
def test_a_bad_flag_is_named(refusal: Callable[..., str], flags: list[str], words: list[str]) -> None:
    line = refusal(*flags)
    for word in words:
        assert word in line
    assert "while attempting" not in line  # the words of asyncio and socket


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--impl multiprocessing --source text.txt", "not a video file"),
        ("--impl threading --source text.txt", "not a video file"),
        ("--impl threading --source noise.mp4", "not a video file"),
        ("--impl threading --source empty.mp4", "not a video file"),
        ("--impl multiprocessing --model identity.onnx", "a map over the frame"),
        ("--impl threading --model identity.onnx", "a map over the frame"),
        ("--impl multiprocessing --model noise.onnx", "as an ONNX model: it is truncated, damaged, or not ONNX"),
        ("--impl threading --model noise.onnx", "as an ONNX model: it is truncated, damaged, or not ONNX"),
        ("--impl threading --model failing.onnx", "failed on a frame"),
        ("compare --model identity.onnx", "a map over the frame"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(refusal: Callable[..., str], inputs: Path, flags: str, words: str) -> None:
    *given, name = flags.split()
    line = refusal(*given, str(inputs / name))
    assert name in line
    assert words in line


def test_a_model_of_no_known_format_is_refused_with_what_it_has_and_what_it_may_be(
    refusal: Callable[..., str], inputs: Path
) -> None:
    line = refusal(*IN_THREADS, "--model", str(inputs / "identity.onnx"))
    assert "its inputs are x float [1, 3, 8, 8], its outputs for a frame y [1, 3, 8, 8]: " in line
    assert "a depth or segmentation model; export a detector with upright boxes" in line


@pytest.mark.parametrize(
    ("flag", "name"),
    [
        ("--source", "clip.avi"),
        ("--model", "finder.onnx"),
        ("--config", "text.txt"),
        ("--processor", "mine.py:process"),
    ],
)
def test_a_file_that_may_not_be_read_is_named(
    refusal: Callable[..., str], inputs: Path, tmp_path: Path, flag: str, name: str
) -> None:
    file, _, _ = name.partition(":")
    locked = Path(shutil.copy(inputs / file, tmp_path))
    locked.chmod(0)
    line = refusal(*IN_THREADS, flag, str(tmp_path / name), within=as_a_user())
    assert file in line
    assert "Permission denied" in line


def test_a_port_in_use_is_named_with_one_that_is_free(refusal: Callable[..., str], good: tuple[str, ...]) -> None:
    with running(*IN_THREADS, *good) as app:
        app.wait_until_ready()
        line = refusal("--port", str(app.port))
        assert f"port {app.port} is in use" in line
        suggestion = re.search(r"--port ([0-9]+)", line)
        assert suggestion is not None
        assert int(suggestion[1]) != app.port
        assert app.ask("/snapshot.jpg").body.startswith(b"\xff\xd8")


async def test_missing_camera_is_retried(good: tuple[str, ...]) -> None:
    with running(*IN_THREADS, *good[2:], "--source", "99") as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: viewer.has_status("source", "lost"))
            assert "camera 99" in lost(viewer)
            await viewer.until(lambda viewer: len(viewer.messages_of("stats")) > 0)
            assert viewer.frames == []
        assert_said_in_lines(app, "cannot open camera 99")
        assert app.ask("/readyz").status == 503


async def test_unreachable_url_is_retried_and_its_password_is_not_shown(good: tuple[str, ...]) -> None:
    port = free_port()
    url = f"http://anna:hunter2@127.0.0.1:{port}/video?token=swordfish&size=big"
    with running(*good[2:], "--source", url, "--log-level", "debug") as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: viewer.has_status("source", "lost"))
            assert f"127.0.0.1:{port}/video" in lost(viewer)
            await viewer.until(lambda viewer: len(viewer.messages_of("stats")) > 0)
        shown = [app.stdout, repr(viewer.messages)]
        shown += [app.ask(path).body.decode() for path in ("/", "/readyz", "/api/stats", "/metrics")]
        app.end()
        shown.append(app.stderr)
    assert f"cannot open http://***@127.0.0.1:{port}/video" in shown[-1]
    for secret in ("anna", "hunter2", "swordfish"):
        assert not [text for text in shown if secret in text]


async def test_camera_that_returns_with_another_size_is_shown(good: tuple[str, ...]) -> None:
    with MjpegCamera() as camera, running(*good[2:], "--source", camera.url) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 1)
            camera.stop()
            await viewer.until(lambda viewer: viewer.has_status("source", "lost"))
            camera.size = OTHER
            camera.start()
            viewer.clear()
            await viewer.until(lambda viewer: len(viewer.frames) > 5 and len(viewer.messages_of("detections")) > 1)
            header = viewer.frames[-1].header
            assert (header["width"], header["height"]) == OTHER


async def test_truncated_video_plays_to_its_end_and_restarts(good: tuple[str, ...], inputs: Path) -> None:
    whole = (inputs / "clip.avi").read_bytes()
    (inputs / "truncated.avi").write_bytes(whole[: len(whole) * 6 // 10])
    with running(*IN_THREADS, *good[2:], "--source", str(inputs / "truncated.avi")) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) == 50)  # more than three seconds
    assert not viewer.has_status("source", "lost")
    seen = numbers_in(viewer)
    assert 20 < max(seen) < 40
    assert sum(later < earlier for earlier, later in pairwise(seen)) > 1


def lost(viewer: ViewerClient) -> str:
    """Return the message of the status about the lost source."""
    return next(str(words["message"]) for words in viewer.messages_of("status") if words["state"] == "lost")


def numbers_in(viewer: ViewerClient) -> list[int]:
    """Return the numbers in the frames."""
    decoded = (cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR) for frame in viewer.frames)
    return [number_in(np.asarray(image, np.uint8)) for image in decoded]


def assert_said_in_lines(app: App, text: str) -> None:
    """The terminal shows `text`, and nothing but whole lines of the log."""
    assert text in app.stderr
    assert not [line for line in app.stderr.splitlines() if not LOG_LINE.match(line)]
