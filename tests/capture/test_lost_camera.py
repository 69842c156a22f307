"""A live source whose camera stops, stalls, is damaged or cannot be opened: it is reported and tried again."""

import logging
import socket
import time
from itertools import pairwise

import pytest

from common.capture import live_source
from common.capture.live_source import LiveSource
from common.capture.video_source import open_source
from common.errors import UserError, VisionError
from tests.support.ports import free_port
from tests.support.readings import Reading, live
from tests.support.simulation import Statuses
from tests.support.videos import OTHER, SMALL, MjpegCamera, number_in
from tests.support.waiting import wait_until
from threading_impl.stop_signal import StopSignal


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
    port = free_port()
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
