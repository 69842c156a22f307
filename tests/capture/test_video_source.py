"""Which source a URI selects, which URIs are refused, and that credentials are never shown."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from common.capture.file_source import FileSource
from common.capture.live_source import LiveSource
from common.capture.opencv_capture import as_bgr
from common.capture.video_source import VideoSource, open_source
from common.errors import SourceError
from common.text import redact
from tests.support.videos import write_clip


def python(script: str, argument: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, argument]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=30, check=False)


def opened(uri: str) -> VideoSource:
    return open_source(uri, 30, lambda state, message: None)


def test_a_path_is_a_file_source_with_its_name(tmp_path: Path) -> None:
    source = opened(str(write_clip(tmp_path / "road.avi", 3, 25)))
    assert isinstance(source, FileSource)
    assert source.description == "road.avi"


def test_a_number_is_a_camera() -> None:
    source = opened("07")
    assert isinstance(source, LiveSource)
    assert source.description == "camera 7"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https", "RTSP"])
def test_a_url_is_a_live_source_without_its_credentials(scheme: str) -> None:
    source = opened(f"{scheme}://admin:pw@127.0.0.1/stream")
    assert isinstance(source, LiveSource)
    assert source.description == f"{scheme}://***@127.0.0.1/stream"


def test_another_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SourceError, match=r"'ftp://\*\*\*@host/a.mp4': a URL must start with rtsp, rtsps, http, https"):
        opened("ftp://me:pw@host/a.mp4")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("no_such.mp4", "No such file or directory"),
        ("1234", "No such file or directory"),
        ("-1", "No such file or directory"),
        ("", "not a file"),
        (".", "not a file"),
        (os.devnull, "not a file"),
        ("a\0b.mp4", "null"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_path_that_is_not_a_file_is_refused(uri: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as raised:
        opened(uri)
    assert repr(uri) in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can read any file")
def test_a_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "road.avi", 3, 25)
    path.chmod(0)
    with pytest.raises(SourceError, match="Permission denied"):
        opened(str(path))


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://admin:pw@10.0.0.7:554/live", "rtsp://***@10.0.0.7:554/live"),
        ("rtsp://admin:p@w/o?rd@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("rtsp://admin@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("http://cam/v?token=abc&fps=5", "http://cam/v?token=***&fps=5"),
        ("http://cam/v?fps=5&Api-Key=abc#x", "http://cam/v?fps=5&Api-Key=***#x"),
        ("http://cam/v?usr=me&PASSWORD=a/b", "http://cam/v?usr=***&PASSWORD=***"),
        ("http://cam/v?loginpas=abc;channel=2", "http://cam/v?loginpas=***;channel=2"),
        ("http://cam/v?p%61ssword=abc", "http://cam/v?p%61ssword=***"),
        ("http://cam/v?src=rtsp%3A%2F%2Fme%3Apw%40b%2F1", "http://***@b%2F1"),
        ("http://cam/v%3Fpassword%3Dabc", "http://cam/v%3Fpassword%3D***"),
        ("http://cam/v?channel=1_password=abc", "http://cam/v?channel=***"),
        ("rtsp://us%65r:p%40ss%2Fword@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("rtsp://admin:pw%4010.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("rtsp://cam/user=admin_password=abc_channel=1", "rtsp://cam/user=***"),
        ("rtsp:/admin:pw@10.0.0.7/live", "***@10.0.0.7/live"),
        ("admin:pw@10.0.0.7/live", "***@10.0.0.7/live"),
        ("http://cam/video.mjpg", "http://cam/video.mjpg"),
        ("clips/road.mp4", "clips/road.mp4"),
    ],
)
def test_redact_hides_credentials_and_nothing_else(uri: str, shown: str) -> None:
    assert redact(uri) == shown


def test_redact_shortens_long_urls() -> None:
    assert len(redact("http://cam/" + "x" * 5000)) == 200


@pytest.mark.parametrize("uri", ["http://me:hidden@127.0.0.1:9/v?key=hidden", "rtsp://me:hidden@127.0.0.1:9/v"])
def test_a_refused_url_is_one_line_without_its_credentials(uri: str) -> None:
    script = (
        "import sys\n"
        "from common.capture.video_source import open_source\n"
        "from threading_impl.stop_signal import StopSignal\n"
        "stop = StopSignal()\n"
        "def on_status(state, message):\n"
        "    print(state, message)\n"
        "    stop.set()\n"
        "with open_source(sys.argv[1], 30, on_status) as source:\n"
        "    assert list(source.frames(stop)) == []\n"
    )
    done = python(script, uri, os.environ | {"OPENCV_FFMPEG_LOGLEVEL": "56"})
    assert done.returncode == 0
    assert "hidden" not in done.stdout
    assert done.stdout.startswith(
        f"lost cannot open {redact(uri)}: connection refused: no server listens on this port; trying again in 0."
    )
    assert done.stderr == done.stdout.removeprefix("lost ")  # the log line, and no output of FFmpeg


def test_grey_and_bgra_are_converted_to_bgr() -> None:
    grey = np.full((4, 6), 7, np.uint8)
    assert as_bgr(grey).tolist() == np.full((4, 6, 3), 7).tolist()
    assert as_bgr(grey[:, :, None]).tolist() == np.full((4, 6, 3), 7).tolist()
    bgra = np.full((4, 6, 4), (1, 2, 3, 4), np.uint8)
    assert as_bgr(bgra).tolist() == bgra[:, :, :3].tolist()


def test_bgr_is_not_copied() -> None:
    bgr = np.zeros((4, 6, 3), np.uint8)
    assert as_bgr(bgr) is bgr
