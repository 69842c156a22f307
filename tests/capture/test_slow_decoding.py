"""A file whose decoding is slower than real time plays evenly, as fast as it decodes; time is simulated."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from common.capture.file_source import FileSource
from common.capture.opencv_capture import open_capture
from tests.support.simulation import SimulatedTime, Statuses
from tests.support.videos import number_in, write_clip
from threading_impl.stop_signal import StopSignal


class SlowCapture:
    """A capture that takes `decode_s()` seconds of simulated time to decode a frame, five times that at the start."""

    def __init__(self, capture: cv2.VideoCapture, simulated: SimulatedTime, decode_s: Callable[[], float]) -> None:
        self._capture = capture
        self._simulated = simulated
        self._decode_s = decode_s

    def grab(self) -> bool:
        decode_s = self._decode_s() * (5 if self._capture.get(cv2.CAP_PROP_POS_FRAMES) == 0 else 1)
        grabbed = self._capture.grab()
        self._simulated.now_s += decode_s if grabbed else 0
        return grabbed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._capture, name)


SetSlow = Callable[[SimulatedTime, Callable[[], float]], None]


@pytest.fixture
def set_slow(monkeypatch: pytest.MonkeyPatch) -> SetSlow:
    """Make the captures of files slow."""

    def set_slow(simulated: SimulatedTime, decode_s: Callable[[], float]) -> None:
        def open_slow(path: str, decoding_threads: int) -> SlowCapture:
            return SlowCapture(open_capture(path, decoding_threads=decoding_threads), simulated, decode_s)

        monkeypatch.setattr("common.capture.file_source.open_capture", open_slow)

    return set_slow


def shown_until(
    end_s: float, source: FileSource, simulated: SimulatedTime, consumer_s: float
) -> list[tuple[float, int]]:
    """Return when each frame was yielded, and its number, for a consumer that takes `consumer_s` for each."""
    shown = []
    for _, image, _ in source.frames(simulated):
        shown.append((simulated.now_s, number_in(image)))
        simulated.now_s += consumer_s
        if simulated.now_s > end_s:
            break
    return shown


@pytest.mark.parametrize(("clip_fps", "decode_s"), [(120, 0.028), (120, 0.0095), (30, 0.05), (30, 0.3)])
@pytest.mark.parametrize("consumer_s", [0.0, 0.011])
def test_slow_decoding_is_shown_evenly_as_fast_as_it_decodes(
    tmp_path: Path, set_slow: SetSlow, clip_fps: float, decode_s: float, consumer_s: float
) -> None:
    simulated, statuses = SimulatedTime(), Statuses()
    set_slow(simulated, lambda: decode_s)
    with FileSource(write_clip(tmp_path / "clip.avi", 720, clip_fps), 30, statuses, simulated) as source:
        shown = shown_until(1060, source, simulated, consumer_s)
    shown = [(now_s, number) for now_s, number in shown if now_s > 1005]
    intervals_s = sorted(after - before for (before, _), (after, _) in pairwise(shown))
    assert intervals_s[int(0.98 * len(intervals_s))] <= 1 / 30 + decode_s + 0.001
    assert intervals_s[-1] <= 1 / 30 + 5 * decode_s + consumer_s + 0.001  # the first frame of a loop
    assert len(intervals_s) / sum(intervals_s) > 0.8 * min(30, 1 / (decode_s + consumer_s))
    decoded = sum((after - before) % 720 for (_, before), (_, after) in pairwise(shown))
    assert decoded * decode_s > 0.8 * sum(intervals_s) - len(intervals_s) * consumer_s
    assert statuses.states() == ["ok", "degraded"]
    assert statuses[1][1] == f"clip.avi: 160×90 at {clip_fps} FPS: decoding is slower than real time"


def test_decoding_that_becomes_faster_catches_up_and_is_reported(
    tmp_path: Path, set_slow: SetSlow, caplog: pytest.LogCaptureFixture
) -> None:
    simulated, statuses = SimulatedTime(), Statuses()
    set_slow(simulated, lambda: 0.05 if 1002 < simulated.now_s < 1012 or 1041 < simulated.now_s < 1050 else 0.015)
    with FileSource(write_clip(tmp_path / "clip.avi", 720, 30), 30, statuses, simulated) as source:
        shown = shown_until(1060, source, simulated, 0.005)
    assert statuses.states() == ["ok", "degraded", "ok", "degraded", "ok"]
    assert len([message for message in caplog.messages if "slower" in message]) == 1
    caught_up = [(now_s, number) for now_s, number in shown if 1020 < now_s < 1040]
    (begin_s, first), (end_s, last) = caught_up[0], caught_up[-1]
    assert (last - first) % 720 == pytest.approx(30 * (end_s - begin_s), abs=2)
    assert all((after - before) % 720 in (0, 1, 2) for (_, before), (_, after) in pairwise(caught_up))


def test_a_stall_is_not_reported_as_slow_decoding(tmp_path: Path, set_slow: SetSlow) -> None:
    simulated, statuses = SimulatedTime(), Statuses()
    set_slow(simulated, lambda: 0.02)
    with FileSource(write_clip(tmp_path / "clip.avi", 900, 30), 30, statuses, simulated) as source:
        frames = source.frames(simulated)
        for _ in range(30):
            next(frames)
        simulated.now_s += 20
        resumed_s = simulated.now_s
        for _ in range(60):
            next(frames)
    assert simulated.now_s - resumed_s < 2.5
    assert statuses.states() == ["ok"]


@pytest.mark.parametrize(("clip_fps", "decode_s"), [(120, 0.004), (120, 0.03), (30, 0.016), (30, 0.3)])
@pytest.mark.parametrize("late_s", [0.0, 5.3])
def test_stop_and_heartbeat_are_never_half_a_second_late(
    tmp_path: Path, set_slow: SetSlow, clip_fps: float, decode_s: float, late_s: float
) -> None:
    simulated = SimulatedTime()
    set_slow(simulated, lambda: decode_s)
    start_s = simulated.now_s - late_s
    with FileSource(write_clip(tmp_path / "clip.avi", 720, clip_fps), 30, Statuses(), simulated, start_s) as source:
        simulated.stop_at_s = 1010
        simulated.beat()
        list(source.frames(simulated))
    beats_s = [*simulated.beats_s, simulated.now_s]
    longest_s = max(after - before for before, after in pairwise(beats_s))
    assert longest_s < max(0.5, 5 * decode_s + 1 / 30 + 0.001)
    assert simulated.now_s - simulated.stop_at_s < 0.5


@pytest.mark.alone
def test_a_real_file_that_decodes_slowly_keeps_its_rate_and_stops(tmp_path: Path) -> None:
    path = tmp_path / "4k.avi"
    noise = np.random.default_rng(0).integers(0, 255, (2160, 3840, 3), np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 120, (3840, 2160))
    for shift in range(8):
        writer.write(np.roll(noise, shift * 100, axis=1))
    writer.release()
    stop, times = StopSignal(), []
    statuses = Statuses()
    timer = threading.Timer(4, stop.set)
    with FileSource(path, 30, statuses) as source:
        timer.start()
        beats = stop.beats()
        for _ in source.frames(stop):
            times.append(time.monotonic())
        stopped = time.monotonic()
    timer.join()
    assert stop.beats() - beats >= len(times)
    intervals_s = sorted(after - before for before, after in pairwise(times))
    typical_s = intervals_s[len(intervals_s) // 2]
    assert intervals_s[int(0.9 * len(intervals_s))] < 3 * typical_s
    assert stopped - times[-1] < 0.5 + 3 * typical_s
    assert statuses.states() == ["ok", "degraded"]
