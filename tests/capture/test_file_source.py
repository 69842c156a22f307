"""A file plays at its own speed in a loop, checked by the numbers in its frames; time is simulated."""

import logging
import os
import threading
import time
from itertools import count, islice, pairwise
from pathlib import Path

import cv2
import pytest

from common.capture.file_source import FileSource
from common.capture.frame_selection import Due
from common.capture.opencv_capture import retrieve_image
from common.errors import SourceError
from common.frames import Image
from tests.support.simulation import SimulatedTime, Statuses
from tests.support.videos import number_in, write_clip, write_jumping_mkv, write_raw_mjpeg
from threading_impl.stop_signal import StopSignal


def play(path: Path, capture_fps: float, count: int) -> list[Image]:
    simulated = SimulatedTime()
    with FileSource(path, capture_fps, Statuses(), simulated) as source:
        return [image for _, image, _ in islice(source.frames(simulated), count)]


def numbers(images: list[Image]) -> list[int]:
    return [number_in(image) for image in images]


@pytest.mark.parametrize(
    ("name", "fourcc"), [("a.avi", "MJPG"), ("a.mkv", "MJPG"), ("a.mp4", "mp4v"), ("a.webm", "VP80")]
)
def test_every_frame_once_and_loops_without_a_gap(tmp_path: Path, name: str, fourcc: str) -> None:
    shown = numbers(play(write_clip(tmp_path / name, 40, 30, fourcc), 30, 200))
    assert shown == [number % 40 for number in range(200)]


@pytest.mark.parametrize("clip_fps", [0.5, 12.5, 25, 29.97, 60, 120])
def test_time_neither_stretches_nor_jumps_at_any_two_rates(tmp_path: Path, clip_fps: float) -> None:
    path = write_clip(tmp_path / "clip.avi", 75, clip_fps)
    shown = numbers(play(path, 30, 600))
    for tick, number in enumerate(shown):
        expected = tick / 30 * clip_fps
        assert abs((number - expected + 37) % 75 - 37) <= 1, f"frame {number} at tick {tick}"


@pytest.mark.parametrize("jump_ms", [-900, 900, 25_000])
def test_timestamps_that_jump_neither_skip_nor_stop_frames(tmp_path: Path, jump_ms: int) -> None:
    shown = numbers(play(write_jumping_mkv(tmp_path / "clip.mkv", 60, 30, jump_ms), 30, 600))
    assert all((later - earlier) % 60 <= 2 for earlier, later in pairwise(shown))
    # One in ten lasts up to 0.9 s longer according to its timestamp, which may be true.
    assert sum(earlier != later for earlier, later in pairwise(shown)) > 600 * 10 / (10 + 0.9 * 30) - 30


def test_a_clip_of_a_low_rate_repeats_the_same_array(tmp_path: Path) -> None:
    images = play(write_clip(tmp_path / "clip.avi", 20, 10), 30, 30)
    assert numbers(images) == sorted(numbers(images))
    assert len({id(image) for image in images}) == len(set(numbers(images))) == 11


def test_an_image_does_not_change_and_is_read_only(tmp_path: Path) -> None:
    images = play(write_clip(tmp_path / "clip.avi", 20, 30), 30, 20)
    assert numbers(images) == list(range(20))  # read after all were yielded
    with pytest.raises(ValueError, match="read-only"):
        images[0][:] = 0


@pytest.mark.parametrize("stall_s", [0.5, 5.0, 3600.25])
def test_a_late_reader_gets_the_frame_that_is_due_and_no_burst(tmp_path: Path, stall_s: float) -> None:
    simulated = SimulatedTime()
    with FileSource(write_clip(tmp_path / "clip.avi", 100, 25), 25, Statuses(), simulated) as source:
        frames = source.frames(simulated)
        assert numbers([image for _, image, _ in islice(frames, 10)]) == list(range(10))
        simulated.now_s += stall_s
        resumed_s = simulated.now_s
        late = [number_in(image) for _, image, _ in islice(frames, 26)]
    expected = 9 + stall_s * 25
    assert abs((late[0] - expected + 50) % 100 - 50) <= 2
    assert [(number - late[1]) % 100 for number in late[1:]] == list(range(25))
    assert simulated.now_s - resumed_s > 0.9


def test_missed_loops_are_not_decoded(tmp_path: Path) -> None:
    simulated = SimulatedTime()
    with FileSource(write_clip(tmp_path / "clip.avi", 100, 25), 25, Statuses(), simulated) as source:
        frames = source.frames(simulated)
        next(frames)
        simulated.now_s += 100 * 24 * 3600  # more than 200 million frames
        started = time.monotonic()
        next(frames)
    assert time.monotonic() - started < 5


def test_a_format_of_unknown_duration_loops_and_continues_after_a_stall(tmp_path: Path) -> None:
    simulated = SimulatedTime()
    with FileSource(write_raw_mjpeg(tmp_path / "clip.mjpeg", 40), 25, Statuses(), simulated) as source:
        frames = source.frames(simulated)
        before = [number_in(image) for _, image, _ in islice(frames, 50)]
        simulated.now_s += 100
        after = [number_in(image) for _, image, _ in islice(frames, 20)]
    assert before == [number % 40 for number in range(50)]
    assert after == [(after[0] + number) % 40 for number in range(20)]


def test_a_truncated_clip_loops_over_its_whole_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", 60, 25)
    os.truncate(path, path.stat().st_size // 2)
    shown = numbers(play(path, 25, 200))
    whole = max(shown) + 1
    assert 20 < whole < 40
    assert shown == [number % whole for number in range(200)]


def test_damaged_frames_are_skipped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 60, 25)
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + 300] = bytes(300)
    path.write_bytes(data)
    shown = numbers(play(path, 25, 60))
    assert {*range(15), *range(45, 60)} <= set(shown)


def test_an_implausible_rate_is_logged_once_and_25_assumed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_clip(tmp_path / "clip.avi", 40, 30)
    data = bytearray(path.read_bytes())
    rate_at = data.index(b"vids") + 24  # dwRate of the AVI stream header
    data[rate_at : rate_at + 4] = (100_000).to_bytes(4, "little")
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        shown = numbers(play(path, 25, 120))
    assert caplog.messages == ["clip.avi declares 100000 FPS; assuming 25"]
    assert shown == [number % 40 for number in range(120)]


@pytest.mark.alone
def test_rate_holds_on_the_real_clock(tmp_path: Path) -> None:
    stop = StopSignal()
    timer = threading.Timer(2, stop.set)
    with FileSource(write_clip(tmp_path / "clip.avi", 40, 12.5), 30, Statuses()) as source:
        timer.start()
        taken = [(captured_at, number_in(image)) for captured_at, image, _ in source.frames(stop)]
    timer.join()
    span_s = taken[-1][0] - taken[0][0]
    assert 20 < (len(taken) - 1) / span_s < 31  # each frame would be shown once at 12.5
    assert taken[-1][1] - taken[0][1] == pytest.approx(12.5 * span_s, abs=1.5)


def test_the_status_has_size_and_rate(tmp_path: Path) -> None:
    statuses, simulated = Statuses(), SimulatedTime()
    with FileSource(write_clip(tmp_path / "clip.avi", 5, 12.5), 30, statuses, simulated) as source:
        next(source.frames(simulated))
    assert statuses == [("ok", "clip.avi: 160×90 at 12.5 FPS")]


def test_stop_ends_the_frames(tmp_path: Path) -> None:
    simulated = SimulatedTime()
    with FileSource(write_clip(tmp_path / "clip.avi", 5, 25), 25, Statuses(), simulated) as source:
        frames = source.frames(simulated)
        next(frames)
        simulated.set()
        assert list(frames) == []


def test_a_deleted_file_plays_on(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", 20, 25)
    simulated = SimulatedTime()
    with FileSource(path, 25, Statuses(), simulated) as source:
        frames = source.frames(simulated)
        next(frames)
        path.unlink()
        assert numbers([image for _, image, _ in islice(frames, 60)]) == [number % 20 for number in range(1, 61)]


def test_a_file_emptied_while_it_plays_is_lost_until_it_is_restored(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 700, 25)
    whole = path.read_bytes()
    assert len(whole) > 200_000  # more than FFmpeg reads ahead
    statuses, simulated = Statuses(), SimulatedTime()

    def on_status(state: str, message: str) -> None:
        statuses(state, message)
        if statuses.states().count("lost") == 3:
            path.write_bytes(whole)

    with FileSource(path, 25, on_status, simulated) as source:
        frames = source.frames(simulated)
        next(frames)
        os.truncate(path, 0)
        shown = [number_in(image) for _, image, _ in islice(frames, 300)]
    assert statuses.states() == ["ok", "lost", "lost", "lost", "ok"]
    assert statuses[1][1].startswith("cannot read clip.mkv; trying again in 0.")
    replayed = list(dict.fromkeys(shown[shown.index(0) :]))  # without the repeats
    assert replayed == list(range(len(replayed)))
    assert len(replayed) > 100


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp4", b"", "not a video file"),
        ("noise.mp4", bytes(range(256)) * 40, "not a video file"),
        ("notes.txt", b"hello world\n" * 500, "not a video file"),
    ],
)
def test_a_file_that_is_not_a_video_is_refused_by_name(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f"{name}.*{reason}"), FileSource(path, 30, Statuses()):
        pass


def test_a_video_without_one_whole_frame_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "head.avi", 20, 25)
    os.truncate(path, path.read_bytes().index(b"movi") + 8)
    with pytest.raises(SourceError, match=r"head\.avi"), FileSource(path, 30, Statuses()):
        pass


@pytest.mark.parametrize("late_s", [0.0, 0.7, 1.3, 7.45, 3600.2])
def test_a_file_opened_late_is_where_one_opened_in_time_would_be(tmp_path: Path, late_s: float) -> None:
    simulated = SimulatedTime()
    start_s = simulated.now_s
    simulated.now_s += late_s
    path = write_clip(tmp_path / "clip.avi", 90, 12.5)
    with FileSource(path, 30, Statuses(), simulated, start_s) as source:
        shown = [(simulated.now_s, number_in(image)) for _, image, _ in islice(source.frames(simulated), 300)]
    for now_s, number in shown:
        expected = (now_s - start_s) * 12.5
        assert abs((number - expected + 45) % 90 - 45) <= 1, f"frame {number} after {now_s - start_s:.3f} s"


def test_only_selected_frames_are_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = []

    def retrieve(capture: cv2.VideoCapture, into: Image | None) -> Image | None:
        converted.append(1)
        return retrieve_image(capture)

    monkeypatch.setattr("common.capture.conversion.retrieve_image", retrieve)
    simulated, calls = SimulatedTime(), count()

    def select_third() -> Due | None:
        return Due(True, ()) if next(calls) % 3 == 2 else None

    with FileSource(write_clip(tmp_path / "clip.avi", 90, 30), 30, Statuses(), simulated) as source:
        shown = [number_in(frame.image) for frame in islice(source.frames(simulated, select_third), 20)]
    assert shown == list(range(2, 62, 3))
    assert len(converted) == 1 + 20  # the first one when the file is opened


def test_a_file_is_decoded_ahead_by_a_second_thread(tmp_path: Path) -> None:
    with FileSource(write_clip(tmp_path / "clip.mp4", 30, 30, "mp4v"), 30, Statuses()) as source:
        assert source._capture.get(cv2.CAP_PROP_N_THREADS) == 2
