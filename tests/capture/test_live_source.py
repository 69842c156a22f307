"""A live source returns the newest frame and reconnects; the camera is an HTTP server on loopback."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from itertools import count, islice, pairwise
from pathlib import Path

import pytest

from common.capture import live_source
from common.capture.frame_selection import Due
from common.capture.live_source import LiveSource
from common.capture.opencv_capture import Capture, retrieve_image
from common.capture.video_source import open_source
from common.errors import UserError, VisionError
from common.frames import Image
from tests.support.http_site import Unlogged, serving_http
from tests.support.simulation import Statuses
from tests.support.videos import OTHER, SMALL, MjpegCamera, number_in, write_clip
from threading_impl.stop_signal import StopSignal

PATIENCE_S = 30.0  # the longest wait for something that must happen

Taken = list[tuple[float, Image]]


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    with MjpegCamera() as camera:
        yield camera


@pytest.fixture
def statuses() -> Statuses:
    return Statuses()


def live(url: str, statuses: Statuses) -> LiveSource:
    return LiveSource(url, "the camera", statuses, read_timeout_s=0.5)


class Reading:
    """Reads frames in a thread, as the provider does, until the block ends, and keeps them all."""

    def __init__(self, source: LiveSource) -> None:
        self.taken: Taken = []
        self._source = source
        self._stop = StopSignal()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.taken.extend((captured_at, image) for captured_at, image, _ in self._source.frames(self._stop))

    def __enter__(self) -> "Reading":
        self._source.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self._source.__exit__(None, None, None)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "did not happen"
        time.sleep(0.02)


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
    assert abs(number_in(image) - first - 30 * (captured_at - first_at)) < 10
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


def test_a_camera_that_stops_is_lost_and_may_return_with_another_size(camera: MjpegCamera, statuses: Statuses) -> None:
    with Reading(live(camera.url, statuses)) as reading:
        wait_until(lambda: statuses.states() == ["ok"])
        camera.stop()
        wait_until(lambda: statuses.states()[:3] == ["ok", "lost", "lost"])
        camera.size = OTHER
        camera.start()
        wait_until(lambda: statuses[-1] == ("ok", "the camera: 240×136"))
        wait_until(lambda: reading.taken[-1][1].shape == (136, 240, 3))
    assert reading.taken[0][1].shape == (SMALL[1], SMALL[0], 3)
    assert statuses[1][1].startswith(
        "no frames from the camera: the stream ended or cannot be decoded; trying again in 0."
    )
    assert statuses[2][1].startswith("cannot open the camera: connection refused")


def test_a_camera_that_stalls_for_longer_than_the_read_timeout_is_reopened(
    camera: MjpegCamera, statuses: Statuses
) -> None:
    with Reading(live(camera.url, statuses)) as reading:
        wait_until(lambda: statuses.states() == ["ok"])
        camera.stalled.set()
        wait_until(lambda: statuses.states()[:2] == ["ok", "lost"])
        camera.stalled.clear()
        wait_until(lambda: statuses.states()[-1] == "ok")
        seen = len(reading.taken)
        wait_until(lambda: len(reading.taken) > seen + 5)


def test_truncated_frames_do_not_end_the_source(camera: MjpegCamera, statuses: Statuses) -> None:
    with Reading(live(camera.url, statuses)) as reading:
        wait_until(lambda: len(reading.taken) > 5)
        camera.halving.set()
        time.sleep(2)  # long enough to be lost and reopened
        camera.halving.clear()
        whole_again_at = time.time()
        wait_until(lambda: sum(captured_at > whole_again_at + 1 for captured_at, _ in reading.taken) > 30)
    numbers = [number_in(image) for captured_at, image in reading.taken if captured_at > whole_again_at + 1]
    assert all(earlier < later for earlier, later in pairwise(numbers))


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


def test_a_camera_slower_than_the_read_timeout_is_not_lost_again_and_again(statuses: Statuses) -> None:
    with MjpegCamera(fps=4) as camera:
        source = LiveSource(camera.url, "the camera", statuses, read_timeout_s=0.2)
        with Reading(source) as reading:
            wait_until(lambda: (source.fps or 0) > 0 and len(reading.taken) >= 5)
            lost = statuses.states().count("lost")
            seen = len(reading.taken)
            wait_until(lambda: len(reading.taken) >= seen + 8)
    assert statuses.states()[-1] == "ok"
    assert statuses.states().count("lost") == lost <= 3
    numbers = [number_in(image) for _, image in reading.taken[seen:]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


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


def test_a_camera_that_sends_blank_frames_is_reported_lost_while_its_frames_continue(
    camera: MjpegCamera, statuses: Statuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.capture.blank_frame.BLANK_AFTER_S", 1.0)
    with Reading(live(camera.url, statuses)) as reading:
        wait_until(lambda: statuses.states() == ["ok"])
        camera.covered.set()
        wait_until(lambda: statuses.states() == ["ok", "lost"])
        seen = len(reading.taken)
        wait_until(lambda: len(reading.taken) > seen + 30)
        assert statuses[1:] == [("lost", "the camera shows nothing but one colour")]
        camera.covered.clear()
        wait_until(lambda: statuses[-1] == ("ok", "the camera: 160×90"))
    assert len(statuses) == 3


def test_a_refused_url_is_retried_until_stop(statuses: Statuses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Reading(live(f"http://127.0.0.1:{port}/", statuses)) as reading:
        wait_until(lambda: statuses.states() == ["lost", "lost"])
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 5
    assert reading.taken == []


def test_a_server_that_accepts_and_does_not_answer_is_retried(statuses: Statuses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = live(f"http://127.0.0.1:{silent.getsockname()[1]}/", statuses)
        with Reading(source):
            wait_until(lambda: statuses.states() == ["lost"])
    assert statuses[0][1].startswith("cannot open the camera: the server accepts the connection, but does not answer; ")


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


def test_an_index_without_a_camera_is_lost_and_retried(statuses: Statuses) -> None:
    with Reading(LiveSource(97, "camera 97", statuses)):
        wait_until(lambda: statuses.states() == ["lost", "lost"])
    assert statuses[0][1].startswith("cannot open camera 97: ")


def test_credentials_are_in_no_status_and_no_log(
    camera: MjpegCamera, statuses: Statuses, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    url = camera.url.replace("//", "//admin:hidden@") + "?token=hidden"
    source = open_source(url, 30, statuses)
    assert isinstance(source, LiveSource)
    with caplog.at_level(logging.DEBUG), Reading(source):
        wait_until(lambda: statuses.states() == ["ok"])
        camera.stop()
        wait_until(lambda: statuses.states()[:2] == ["ok", "lost"])
        camera.start()
    shown = source.description + repr(statuses) + caplog.text + "".join(capfd.readouterr())
    assert "***@127.0.0.1" in shown
    assert "hidden" not in shown


def test_a_recording_behind_a_url_plays_at_its_own_rate(tmp_path: Path, statuses: Statuses) -> None:
    write_clip(tmp_path / "clip.mp4", 150, 30, "mp4v")

    class Files(Unlogged, SimpleHTTPRequestHandler):
        pass

    with (
        serving_http(partial(Files, directory=tmp_path)) as port,
        Reading(live(f"http://127.0.0.1:{port}/clip.mp4", statuses)) as reading,
    ):
        wait_until(lambda: len(reading.taken) > 0)
        time.sleep(2)
    (first_at, first), (last_at, last) = reading.taken[0], reading.taken[-1]
    assert 24 < (number_in(last) - number_in(first)) / (last_at - first_at) < 36


def test_no_thread_is_left_behind(camera: MjpegCamera, statuses: Statuses) -> None:
    def drains() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "video drain"]

    with live(camera.url, statuses) as source:
        next(source.frames(StopSignal()))
        assert len(drains()) == 1
    assert drains() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_gets_an_error_when_the_drain_thread_dies(statuses: Statuses, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(live_source, "open_capture", fail)
    with (
        live("http://127.0.0.1:9/", statuses) as source,
        pytest.raises(VisionError, match="its thread has died") as death,
    ):
        next(source.frames(StopSignal()))
    assert not isinstance(death.value, UserError)  # which would end the app instead of restarting the role
