"""A live source returns the newest frame; the camera is an HTTP server on loopback."""

import socket
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler
from itertools import count, islice, pairwise
from pathlib import Path

import pytest

from common.capture.frame_selection import Due
from common.capture.live_source import LiveSource
from common.capture.opencv_capture import Capture, retrieve_image
from common.capture.video_source import open_source
from common.frames import Image
from tests.support.http_site import Unlogged, serving_http
from tests.support.readings import Reading, live
from tests.support.simulation import Statuses
from tests.support.videos import MjpegCamera, number_in, write_clip
from tests.support.waiting import PATIENCE_S, wait_until
from threading_impl.stop_signal import StopSignal


def rate_of(reading: Reading) -> float:
    """Return the frames a second in the next second."""
    begun, before = time.monotonic(), len(reading.taken)
    time.sleep(1)
    return (len(reading.taken) - before) / (time.monotonic() - begun)


def test_frames_arrive_in_order_at_the_rate_of_the_camera(camera: MjpegCamera, statuses: Statuses) -> None:
    with Reading(live(camera.url, statuses)) as reading:
        wait_until(lambda: 24 < rate_of(reading) < 36)
    numbers = [number_in(image) for _, image in reading.taken]
    assert all(earlier < later for earlier, later in pairwise(numbers))
    assert all(abs(captured_at - time.time()) < PATIENCE_S for captured_at, _ in reading.taken)
    assert statuses == [("ok", "the camera: 160×90")]


def test_a_slow_reader_gets_the_newest_frame_and_replaced_ones_are_counted(
    camera: MjpegCamera, statuses: Statuses
) -> None:
    stop = StopSignal()
    with live(camera.url, statuses) as source:
        frames = source.frames(stop)
        first_at, image, _ = next(frames)
        first = number_in(image)
        replaced = source.replaced_count
        time.sleep(1)
        captured_at, image, _ = next(frames)
        replaced = source.replaced_count - replaced
    assert captured_at - first_at > 0.8
    assert abs(number_in(image) - first - 30 * (captured_at - first_at)) < 20  # of 30 or more
    assert abs(number_in(image) - first - replaced - 1) <= 1


def test_a_stall_does_not_add_latency(camera: MjpegCamera, statuses: Statuses) -> None:
    with Reading(LiveSource(camera.url, "the camera", statuses)) as reading:
        wait_until(lambda: len(reading.taken) > 15)
        camera.stalled.set()
        time.sleep(0.3)  # shorter than the read timeout: some 9 frames accumulate, none is lost
        camera.stalled.clear()
        resumed_at = time.time()
        wait_until(lambda: reading.taken[-1][0] > resumed_at + 1)
    ages = [(captured_at, captured_at - camera.due_at(number_in(image))) for captured_at, image in reading.taken]
    before = sorted(age for captured_at, age in ages if captured_at < resumed_at - 0.3)
    after = sorted(age for captured_at, age in ages if captured_at > resumed_at + 0.3)
    assert abs(after[len(after) // 2] - before[len(before) // 2]) < 0.1
    assert statuses.states() == ["ok"]


def test_undecodable_frames_are_skipped_and_counted(camera: MjpegCamera, statuses: Statuses) -> None:
    camera.fps, camera.undecodable_every = 25, 20
    source = LiveSource(camera.url, "the camera", statuses)
    with Reading(source) as reading:
        wait_until(lambda: len(reading.taken) > 5)
        begin = number_in(reading.taken[-1][1])
        taken = len(reading.taken)
        wait_until(lambda: number_in(reading.taken[-1][1]) >= begin + 100)
        numbers = [number_in(image) for _, image in reading.taken[taken:]]
    assert len(numbers) + source.replaced_count >= 0.95 * 0.95 * (numbers[-1] - begin)
    assert not {number for number in numbers if number % 20 == 19}
    assert source.undecodable_count == pytest.approx((numbers[-1] + 1) // 20, abs=1)
    assert statuses.states() == ["ok"]


def test_only_selected_frames_are_converted_and_yielded(
    camera: MjpegCamera, statuses: Statuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, converted, stop = count(), [], StopSignal()

    def select_fifth() -> Due | None:
        return Due(True, ()) if next(calls) % 5 == 0 else None

    def retrieve(capture: Capture, into: Image | None) -> Image | None:
        converted.append(1)
        return retrieve_image(capture)

    monkeypatch.setattr("common.capture.conversion.retrieve_image", retrieve)
    with live(camera.url, statuses) as source:
        numbers = [number_in(image) for _, image, _ in islice(source.frames(stop, select_fifth), 20)]
    assert all((later - earlier) % 5 == 0 for earlier, later in pairwise(numbers[3:]))
    assert len(converted) < 50  # of 100 frames: every fifth, and two a second to detect blank frames


def test_the_rate_of_the_camera_is_measured(statuses: Statuses) -> None:
    with MjpegCamera(fps=20) as camera:
        source = live(camera.url, statuses)
        with Reading(source):
            assert source.fps is None
            wait_until(lambda: source.fps == pytest.approx(20, rel=0.1))


def test_a_scheme_in_capitals_is_opened(camera: MjpegCamera, statuses: Statuses) -> None:
    source = open_source(camera.url.replace("http", "HTTP"), 30, statuses)
    assert isinstance(source, LiveSource)
    with Reading(source) as reading:
        wait_until(lambda: len(reading.taken) > 0)
    assert statuses == [("ok", f"{camera.url.replace('http', 'HTTP')}: 160×90")]


def test_rtsp_is_requested_over_tcp(statuses: Statuses) -> None:
    description = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track\r\n"
    requests: list[bytes] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Reading(live(f"rtsp://127.0.0.1:{server.getsockname()[1]}/live", statuses)),
    ):
        connection = server.accept()[0]
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(PATIENCE_S)
            while not requests or not requests[-1].startswith(b"SETUP"):
                requests.append(b"".join(iter(lines.readline, b"\r\n")))
                sequence = requests[-1].split(b"CSeq: ")[1].split(b"\r\n")[0]
                body = description if requests[-1].startswith(b"DESCRIBE") else b""
                connection.sendall(
                    b"RTSP/1.0 200 OK\r\nCSeq: %s\r\nPublic: DESCRIBE, SETUP, PLAY\r\n"
                    b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s" % (sequence, len(body), body)
                )
    assert b"Transport: RTP/AVP/TCP" in requests[-1]


def test_a_recording_behind_a_url_plays_at_its_own_rate(tmp_path: Path, statuses: Statuses) -> None:
    write_clip(tmp_path / "clip.mp4", 150, 30, "mp4v")

    class Files(Unlogged, SimpleHTTPRequestHandler):
        pass

    with (
        serving_http(partial(Files, directory=tmp_path)) as port,
        Reading(live(f"http://127.0.0.1:{port}/clip.mp4", statuses)) as reading,
    ):
        wait_until(lambda: 24 < rate_of(reading) < 36)  # all at once, it would be 150 and then nothing


def test_no_thread_is_left_behind(camera: MjpegCamera, statuses: Statuses) -> None:
    def drains() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "video drain"]

    with live(camera.url, statuses) as source:
        next(source.frames(StopSignal()))
        assert len(drains()) == 1
    assert drains() == []
