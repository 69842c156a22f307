"""The FrameProvider: three independent rates, ids that rise, no encoding for nobody, and no frame that stops it."""

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
import pytest

from common.capture.frame_provider import FrameProvider, encode_jpeg
from common.capture.video_source import VideoSource
from common.config.settings import Settings
from common.errors import FrameTooLargeError
from common.frames import Frame, Image
from common.interfaces import StopSignal as Stop
from common.messaging.messages import FrameHeader, SettingChange, ViewerCount
from common.messaging.publisher import Ingest, Publisher
from common.pacing import Decimator
from common.telemetry.meter import Meter
from threading_impl.latest_queue import LatestQueue
from threading_impl.stop_signal import StopSignal

IMAGE = np.full((36, 64, 3), 128, np.uint8)


class FakeClock:
    """Seconds that pass from frame to frame."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock that the provider keeps its rates by."""
    clock = FakeClock()
    monkeypatch.setattr("common.capture.frame_provider.Decimator", partial(Decimator, clock=clock))
    return clock


class Camera(VideoSource):
    """Gives the same picture at `fps` by the clock, `count` times."""

    description = "a camera"
    dropped_count = 0

    def __init__(self, clock: FakeClock, fps: float, count: int, image: Image = IMAGE) -> None:
        self._clock = clock
        self._fps = fps
        self._count = count
        self._image = image

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def frames(self, stop: Stop) -> Iterator[tuple[float, Image]]:
        for _ in range(self._count):
            self._clock.now += 1 / self._fps
            yield time.time(), self._image


class NotingPublisher(Publisher):
    """Notes the frames that it is given, and has no server."""

    def __init__(self) -> None:
        super().__init__(Ingest("ws://127.0.0.1:1/", ""))
        self.sent: list[tuple[FrameHeader, bytes]] = []

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        self.sent.append((header, jpeg))


class NotingQueue(LatestQueue):
    """Notes the frames that it is given; refuses those whose number of the put is in `too_large`."""

    def __init__(self, too_large: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self._too_large = too_large

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) in self._too_large:
            raise FrameTooLargeError("too large")


def settings(capture_fps: float = 30, ui_fps: float = 15, queue_fps: float = 5) -> Settings:
    return Settings(capture_fps=capture_fps, ui_fps=ui_fps, queue_fps=queue_fps)


@pytest.mark.parametrize(("capture_fps", "ui_fps", "queue_fps"), [(30, 15, 5), (25, 10, 4), (30, 30, 30), (30, 7, 11)])
def test_the_three_rates_are_independent(clock: FakeClock, capture_fps: float, ui_fps: float, queue_fps: float) -> None:
    seconds = 60
    queue, publisher = NotingQueue(), NotingPublisher()
    provider = FrameProvider(queue, settings(capture_fps, ui_fps, queue_fps), Meter("provider"))
    provider.handle(ViewerCount(count=1))
    provider.run(Camera(clock, capture_fps, round(seconds * capture_fps)), publisher, StopSignal())
    assert len(queue.frames) == pytest.approx(seconds * queue_fps, abs=1)
    assert len(publisher.sent) == pytest.approx(seconds * ui_fps, abs=1)


def test_a_shown_frame_tells_its_id_its_time_and_its_size(clock: FakeClock) -> None:
    queue, publisher = NotingQueue(), NotingPublisher()
    provider = FrameProvider(queue, settings(), Meter("provider"))
    provider.handle(ViewerCount(count=1))
    provider.run(Camera(clock, 30, 1), publisher, StopSignal())
    ((header, jpeg),) = publisher.sent
    (frame,) = queue.frames
    assert (header.frame_id, header.captured_at) == (frame.frame_id, frame.captured_at)
    assert (header.width, header.height) == (64, 36)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - IMAGE).max() < 4


def test_nothing_is_encoded_while_nobody_watches(clock: FakeClock) -> None:
    publisher, meter = NotingPublisher(), Meter("provider")
    provider = FrameProvider(NotingQueue(), settings(), meter)
    camera = Camera(clock, 30, 10)
    provider.handle(SettingChange(name="min_score", value=0.5))  # said to all roles
    provider.run(camera, publisher, StopSignal())
    assert "encode_ms" not in meter.take_report().samples
    provider.handle(ViewerCount(count=2))
    provider.run(camera, publisher, StopSignal())
    shown = len(publisher.sent)
    assert shown > 0
    provider.handle(ViewerCount(count=0))
    provider.run(camera, publisher, StopSignal())
    assert len(publisher.sent) == shown


def test_ids_rise_over_a_restart(clock: FakeClock) -> None:
    ids = []
    for _ in range(2):
        queue = NotingQueue()
        FrameProvider(queue, settings(30, 30, 30), Meter("provider")).run(
            Camera(clock, 30, 5), NotingPublisher(), StopSignal()
        )
        ids += [frame.frame_id for frame in queue.frames]
        time.sleep(5 / 240)  # the fastest camera takes as long for as many frames
    assert len(ids) == 10
    assert ids == sorted(set(ids))


def test_after_a_stall_of_the_source_there_is_no_burst(clock: FakeClock) -> None:
    queue, publisher = NotingQueue(), NotingPublisher()
    provider = FrameProvider(queue, settings(), Meter("provider"))
    provider.handle(ViewerCount(count=1))
    clock.now += 10
    provider.run(Camera(clock, 30, 60), publisher, StopSignal())
    assert len(queue.frames) == pytest.approx(2 * 5, abs=1)
    assert len(publisher.sent) == pytest.approx(2 * 15, abs=1)


def test_a_frame_that_is_too_large_is_counted_and_the_next_one_queued(clock: FakeClock) -> None:
    queue, meter = NotingQueue(too_large=frozenset({2})), Meter("provider")
    FrameProvider(queue, settings(30, 30, 30), meter).run(Camera(clock, 30, 4), NotingPublisher(), StopSignal())
    report = meter.take_report()
    assert Counter(report.counts)["queued"] == 3
    assert report.drops == {"processor/too large": 1}


def test_frames_that_no_jpeg_can_hold_are_counted_said_once_and_queued_all_the_same(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    queue, publisher, meter = NotingQueue(), NotingPublisher(), Meter("provider")
    provider = FrameProvider(queue, settings(30, 30, 30), meter)
    provider.handle(ViewerCount(count=1))
    too_wide = np.zeros((1, 65_536, 3), np.uint8)
    provider.run(Camera(clock, 30, 3, too_wide), publisher, StopSignal())
    provider.run(Camera(clock, 30, 2), publisher, StopSignal())
    assert len(queue.frames) == 5
    assert len(publisher.sent) == 2
    assert meter.take_report().drops == {"server/too large": 3}
    assert ["65536×1" in message for message in caplog.messages] == [True]


def test_quality_makes_the_jpeg_larger() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    assert len(encode_jpeg(noise, 20)) < len(encode_jpeg(noise, 90))
