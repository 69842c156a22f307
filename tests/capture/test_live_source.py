"""A live source keeps up, loses and finds its camera again; the camera is a real HTTP server on loopback."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from common.capture import live_source
from common.capture.live_source import LiveSource
from common.capture.video_source import open_source
from common.errors import UserError, VisionError
from common.frames import Image
from tests.support.videos import OTHER, SMALL, MjpegCamera, number_in, write_clip
from threading_impl.stop_signal import StopSignal

PATIENCE_S = 15.0  # how long a test waits for what must come; never how long it takes when all is well

Taken = list[tuple[float, Image]]


class Heard(list[tuple[str, str]]):
    def __call__(self, state: str, message: str) -> None:
        self.append((state, message))

    def states(self) -> list[str]:
        return [state for state, _ in self]


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    with MjpegCamera() as camera:
        yield camera


@pytest.fixture
def heard() -> Heard:
    return Heard()


def live(url: str, heard: Heard) -> LiveSource:
    return LiveSource(url, "the camera", heard, open_timeout_s=1, read_timeout_s=0.5)


class Watch:
    """Takes frames in a thread, as the provider does, until the block ends; every frame is kept."""

    def __init__(self, source: LiveSource) -> None:
        self.taken: Taken = []
        self._source = source
        self._stop = StopSignal()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.taken.extend(self._source.frames(self._stop))

    def __enter__(self) -> "Watch":
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


def test_frames_come_in_order_at_the_rate_of_the_camera(camera: MjpegCamera, heard: Heard) -> None:
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: len(watch.taken) > 5)
        before = len(watch.taken)
        time.sleep(2)
        rate = (len(watch.taken) - before) / 2
    assert 24 < rate < 36
    numbers = [number_in(image) for _, image in watch.taken]
    assert all(earlier < later for earlier, later in pairwise(numbers))
    assert all(abs(captured_at - time.time()) < PATIENCE_S for captured_at, _ in watch.taken)
    assert heard == [("ok", "the camera: 160×90")]


def test_a_slow_reader_gets_the_newest_frame_and_the_replaced_are_counted(camera: MjpegCamera, heard: Heard) -> None:
    stop = StopSignal()
    with live(camera.url, heard) as source:
        frames = source.frames(stop)
        first = number_in(next(frames)[1])
        dropped = source.dropped_count
        time.sleep(1)
        captured_at, image = next(frames)
        dropped = source.dropped_count - dropped
    assert time.time() - captured_at < 0.5
    assert abs(number_in(image) - first - 30) < 10
    assert abs(number_in(image) - first - dropped - 1) <= 1


def test_latency_after_a_stall_is_what_it_was(camera: MjpegCamera, heard: Heard) -> None:
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: len(watch.taken) > 15)
        camera.stalled.set()
        time.sleep(0.3)  # shorter than the read timeout: nothing is lost, 9 frames pile up
        camera.stalled.clear()
        resumed_at = time.time()
        wait_until(lambda: watch.taken[-1][0] > resumed_at + 1)
    ages = [(captured_at, captured_at - camera.due_at(number_in(image))) for captured_at, image in watch.taken]
    before = sorted(age for captured_at, age in ages if captured_at < resumed_at - 0.3)
    after = sorted(age for captured_at, age in ages if captured_at > resumed_at + 0.3)
    assert abs(after[len(after) // 2] - before[len(before) // 2]) < 0.1
    assert heard.states() == ["ok"]


def test_a_camera_that_went_is_lost_and_comes_back_with_another_size(camera: MjpegCamera, heard: Heard) -> None:
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: heard.states() == ["ok"])
        camera.stop()
        wait_until(lambda: heard.states()[:3] == ["ok", "lost", "lost"])
        camera.size = OTHER
        camera.start()
        wait_until(lambda: heard[-1] == ("ok", "the camera: 240×136"))
        wait_until(lambda: watch.taken[-1][1].shape == (136, 240, 3))
    assert watch.taken[0][1].shape == (SMALL[1], SMALL[0], 3)
    assert heard[1][1].startswith("no frames from the camera; trying again in 0.")
    assert heard[2][1].startswith("cannot open the camera; trying again in ")


def test_a_camera_that_stalls_for_longer_than_the_read_timeout_is_opened_again(
    camera: MjpegCamera, heard: Heard
) -> None:
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: heard.states() == ["ok"])
        camera.stalled.set()
        wait_until(lambda: heard.states()[:2] == ["ok", "lost"])
        camera.stalled.clear()
        wait_until(lambda: heard.states()[-1] == "ok")
        seen = len(watch.taken)
        wait_until(lambda: len(watch.taken) > seen + 5)


def test_a_camera_that_sends_halves_of_frames_is_no_end(camera: MjpegCamera, heard: Heard) -> None:
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: len(watch.taken) > 5)
        camera.halving.set()
        time.sleep(2)  # long enough for it to be given up, and opened again
        camera.halving.clear()
        whole_again_at = time.time()
        wait_until(lambda: sum(captured_at > whole_again_at + 1 for captured_at, _ in watch.taken) > 30)
    numbers = [number_in(image) for captured_at, image in watch.taken if captured_at > whole_again_at + 1]
    assert all(earlier < later for earlier, later in pairwise(numbers))


def test_a_camera_that_shows_nothing_is_said_to_be_lost_while_its_frames_go_on(
    camera: MjpegCamera, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.capture.blank_frame.BLANK_AFTER_S", 1.0)
    with Watch(live(camera.url, heard)) as watch:
        wait_until(lambda: heard.states() == ["ok"])
        camera.covered.set()
        wait_until(lambda: heard.states() == ["ok", "lost"])
        seen = len(watch.taken)
        wait_until(lambda: len(watch.taken) > seen + 30)
        assert heard[1:] == [("lost", "the camera shows nothing but one colour")]
        camera.covered.clear()
        wait_until(lambda: heard[-1] == ("ok", "the camera: 160×90"))
    assert len(heard) == 3


def test_a_url_that_nobody_answers_is_tried_again_and_stop_ends_it(heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Watch(live(f"http://127.0.0.1:{port}/", heard)) as watch:
        wait_until(lambda: heard.states() == ["lost", "lost"])
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 2
    assert watch.taken == []


def test_a_server_that_accepts_and_says_nothing_is_given_up(heard: Heard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = live(f"http://127.0.0.1:{silent.getsockname()[1]}/", heard)
        with Watch(source):
            wait_until(lambda: heard.states() == ["lost"])
    assert heard[0][1].startswith("cannot open the camera; trying again in ")


def test_rtsp_is_asked_for_over_tcp(heard: Heard) -> None:
    description = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track\r\n"
    requests: list[bytes] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Watch(live(f"rtsp://127.0.0.1:{server.getsockname()[1]}/live", heard)),
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


def test_an_index_without_a_camera_is_lost_and_tried_again(heard: Heard) -> None:
    with Watch(LiveSource(97, "camera 97", heard)):
        wait_until(lambda: heard.states() == ["lost", "lost"])
    assert heard[0][1].startswith("cannot open camera 97; trying again in 0.")


def test_credentials_are_in_no_status_and_no_log(
    camera: MjpegCamera, heard: Heard, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    url = camera.url.replace("//", "//admin:hidden@") + "?token=hidden"
    source = open_source(url, 30, heard)
    assert isinstance(source, LiveSource)
    with caplog.at_level(logging.DEBUG), Watch(source):
        wait_until(lambda: heard.states() == ["ok"])
        camera.stop()
        wait_until(lambda: heard.states()[:2] == ["ok", "lost"])
        camera.start()
    said = source.description + repr(heard) + caplog.text + "".join(capfd.readouterr())
    assert "***@127.0.0.1" in said
    assert "hidden" not in said


def test_a_recording_behind_a_url_plays_at_its_own_rate(tmp_path: Path, heard: Heard) -> None:
    write_clip(tmp_path / "clip.mp4", 150, 30, "mp4v")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        with Watch(live(f"http://127.0.0.1:{server.server_port}/clip.mp4", heard)) as watch:
            wait_until(lambda: len(watch.taken) > 0)
            time.sleep(2)
        server.shutdown()
        thread.join()
    (first_at, first), (last_at, last) = watch.taken[0], watch.taken[-1]
    assert 24 < (number_in(last) - number_in(first)) / (last_at - first_at) < 36


def test_no_thread_is_left_behind(camera: MjpegCamera, heard: Heard) -> None:
    def drains() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "video drain"]

    with live(camera.url, heard) as source:
        next(source.frames(StopSignal()))
        assert len(drains()) == 1
    assert drains() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_learns_that_the_helper_thread_died(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(live_source, "open_capture", fail)
    with (
        live("http://127.0.0.1:9/", heard) as source,
        pytest.raises(VisionError, match="its thread has died") as death,
    ):
        next(source.frames(StopSignal()))
    assert not isinstance(death.value, UserError)  # for which the app would end, instead of trying again
