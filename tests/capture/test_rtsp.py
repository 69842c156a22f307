"""An RTSP camera: the reported age of its frames, and why it cannot be opened; skipped without GStreamer."""

import time
from collections.abc import Iterator
from statistics import median

import pytest

from common.capture.diagnose import diagnose
from common.capture.live_source import LiveSource
from common.frames import Image
from tests.support.rtsp import rtsp_camera
from tests.support.simulation import Statuses
from threading_impl.stop_signal import StopSignal

FPS = 5
BITS = 48


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[str, str]]:
    """Run the camera; the ports without and with a password."""
    with rtsp_camera(FPS) as ports:
        if ports is None:
            pytest.skip("GstRtspServer or an encoder is not installed")
        yield ports


def stamp_s(image: Image) -> float:
    """Return the Unix time that the camera drew into the frame."""
    cell = image.shape[1] // BITS
    bits = [int(image[16, bit * cell + cell // 2].mean() > 127) for bit in range(BITS)]
    return sum(value << (BITS - 1 - bit) for bit, value in enumerate(bits)) / 1000


@pytest.mark.parametrize(("codec", "held_s"), [("h264", 1 / FPS), ("mjpeg", 0.0)])
def test_captured_at_is_when_the_frame_was_received_also_if_ffmpeg_holds_it(
    ports: tuple[str, str], codec: str, held_s: float
) -> None:
    stop, ages_s, errors_s = StopSignal(), [], []
    with LiveSource(f"rtsp://127.0.0.1:{ports[0]}/{codec}", "the camera", Statuses()) as source:
        for captured_at, image, _ in source.frames(stop):
            ages_s.append(time.time() - captured_at)
            errors_s.append(captured_at - stamp_s(image))
            if len(errors_s) == 12:
                break
    assert all(-0.01 < error_s < 0.7 for error_s in errors_s[:3])  # none that was buffered while the stream was opened
    assert -0.01 < median(errors_s) < 0.1
    assert held_s - 0.01 < median(ages_s) < held_s + 0.1


@pytest.mark.parametrize(
    ("credentials", "path", "reason"),
    [
        ("", "h264", "a user name and a password are required (401)"),
        ("admin:wrong@", "h264", "wrong user name or password (401)"),
        ("admin:s%2Fcret@", "nothing", "no stream at this path (404)"),
        ("admin:s%2Fcret@", "h264", "the camera answers, but no video arrives"),
    ],
)
def test_the_cause_of_a_failure_is_named(ports: tuple[str, str], credentials: str, path: str, reason: str) -> None:
    assert diagnose(f"rtsp://{credentials}127.0.0.1:{ports[1]}/{path}").reason == reason


def test_the_status_names_the_cause(ports: tuple[str, str]) -> None:
    stop, statuses = StopSignal(), []

    def on_status(state: str, message: str) -> None:
        statuses.append((state, message))
        stop.set()

    with LiveSource(f"rtsp://127.0.0.1:{ports[0]}/nothing", "the camera", on_status) as source:
        assert list(source.frames(stop)) == []
    ((state, message),) = statuses
    assert state == "lost"
    assert message.startswith("cannot open the camera: no stream at this path (404); trying again in 0.")
