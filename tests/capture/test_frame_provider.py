"""The FrameProvider: rates, frame ids, encoding only for viewers, and frames that are too large."""

import time
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from common.capture.frame_provider import FrameProvider
from common.capture.frame_selection import CapturedFrame, Select, select_every
from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput
from common.capture.role import new_frame_ids
from common.capture.video_source import VideoSource
from common.errors import FrameTooLargeError
from common.frames import Frame, Image
from common.interfaces import StopSignal as Stop
from common.messaging.messages import FrameHeader, SettingChange, ViewerCount
from common.messaging.publisher import Ingest, Publisher
from common.telemetry.meter import Meter
from tests.support.clock import Clock
from tests.support.reports import merged
from threading_impl.latest_queue import LatestQueue
from threading_impl.stop_signal import StopSignal

IMAGE = np.full((36, 64, 3), 128, np.uint8)


@pytest.fixture
def clock() -> Clock:
    """The clock of the camera and of the provider's rates."""
    return Clock()


class Camera(VideoSource):
    """Yields the same image at `fps` by the clock, `count` times."""

    description = "a camera"
    replaced_count = 0
    undecodable_count = 0

    def __init__(self, clock: Clock, fps: float, count: int, image: Image = IMAGE) -> None:
        self._clock = clock
        self._fps = fps
        self._count = count
        self._image = image

    @property
    def fps(self) -> float:
        return self._fps

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def frames(self, stop: Stop, select: Select = select_every) -> Iterator[CapturedFrame]:
        for _ in range(self._count):
            self._clock.now += 1 / self._fps
            if due := select():
                yield CapturedFrame(time.time(), self._image, due)


class RecordingPublisher(Publisher):
    """Keeps the frames that are sent; there is no server."""

    def __init__(self) -> None:
        super().__init__(Ingest(1, ""))
        self.sent: list[tuple[FrameHeader, bytes]] = []

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        self.sent.append((header, jpeg))


class RecordingQueue(LatestQueue):
    """Keeps the frames that are put, and refuses the puts whose numbers are in `too_large`."""

    def __init__(self, too_large: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self._too_large = too_large

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)
        if len(self.frames) in self._too_large:
            raise FrameTooLargeError("too large")


def make(
    queue: LatestQueue,
    clock: Clock,
    meter: Meter | None = None,
    *,
    rates: tuple[float, float, float] = (30, 15, 5),
    ui_width: int = 0,
    viewers: int = 0,
) -> FrameProvider:
    """Return a provider; `rates` are capture, UI and queue rate."""
    capture_fps, ui_fps, queue_fps = rates
    options = ProviderOptions("0", capture_fps, ui_fps, ui_width, jpeg_quality=80)
    outputs = [ProviderOutput("main", queue_fps, (queue,))]
    provider = FrameProvider(options, outputs, meter or Meter("provider"), new_frame_ids(), clock)
    provider.handle(ViewerCount(count=viewers))
    return provider


@pytest.mark.parametrize(("capture_fps", "ui_fps", "queue_fps"), [(30, 15, 5), (25, 10, 4), (30, 30, 30), (30, 7, 11)])
def test_the_three_rates_are_independent(clock: Clock, capture_fps: float, ui_fps: float, queue_fps: float) -> None:
    seconds = 60
    queue, publisher = RecordingQueue(), RecordingPublisher()
    provider = make(queue, clock, rates=(capture_fps, ui_fps, queue_fps), viewers=1)
    provider.run(Camera(clock, capture_fps, round(seconds * capture_fps)), publisher, StopSignal())
    assert len(queue.frames) == pytest.approx(seconds * queue_fps, abs=1)
    assert len(publisher.sent) == pytest.approx(seconds * ui_fps, abs=1)


class SlowFirstPut(RecordingQueue):
    """The first put takes 30 ms, as when shared memory is touched for the first time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def put(self, frame: Frame) -> None:
        if not self.frames:
            self._clock.now += 0.03
        super().put(frame)


@pytest.mark.parametrize("rates", [(30, 15, 5), (30, 15, 15), (30, 30, 5), (30, 10, 4), (25, 12.5, 5)])
def test_every_frame_for_the_processor_is_one_for_viewers(clock: Clock, rates: tuple[float, float, float]) -> None:
    queue, publisher = SlowFirstPut(clock), RecordingPublisher()
    make(queue, clock, rates=rates, viewers=1).run(Camera(clock, rates[0], 150), publisher, StopSignal())
    sent = {header.frame_id for header, _ in publisher.sent}
    assert len(queue.frames) == pytest.approx(150 / rates[0] * rates[2], abs=2)
    assert {frame.frame_id for frame in queue.frames} <= sent


def test_a_sent_frame_has_its_id_time_and_size(clock: Clock) -> None:
    queue, publisher = RecordingQueue(), RecordingPublisher()
    provider = make(queue, clock, viewers=1)
    provider.run(Camera(clock, 30, 1), publisher, StopSignal())
    ((header, jpeg),) = publisher.sent
    (frame,) = queue.frames
    assert (header.frame_id, header.captured_at) == (frame.frame_id, frame.captured_at)
    assert (header.width, header.height) == (64, 36)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - IMAGE).max() < 4


def test_nothing_is_encoded_without_viewers(clock: Clock) -> None:
    publisher, meter = RecordingPublisher(), Meter("provider")
    provider = make(RecordingQueue(), clock, meter)
    camera = Camera(clock, 30, 10)
    provider.handle(SettingChange(name="min_score", value=0.5))  # sent to all roles
    provider.run(camera, publisher, StopSignal())
    assert "encode_ms" not in meter.take_report().samples
    provider.handle(ViewerCount(count=2))
    provider.run(camera, publisher, StopSignal())
    shown = len(publisher.sent)
    assert shown > 0
    provider.handle(ViewerCount(count=0))
    provider.run(camera, publisher, StopSignal())
    assert len(publisher.sent) == shown


@pytest.mark.parametrize(
    ("viewers", "tiles", "sent"),
    [
        (0, {"main": 16}, [(16, True)]),
        (1, {"main": 16}, [(32, False), (16, True)]),
        (1, {"other": 16}, [(32, False)]),
        (0, {"other": 16}, []),
        (0, {"main": 32}, [(32, False)]),  # not smaller than a full frame
        (1, {"main": 999}, [(32, False)]),
    ],
)
def test_tiles_get_smaller_frames_and_full_ones_are_encoded_only_for_viewers_of_them(
    clock: Clock, viewers: int, tiles: dict[str, int], sent: list[tuple[int, bool]]
) -> None:
    publisher, meter = RecordingPublisher(), Meter("provider")
    provider = make(RecordingQueue(), clock, meter, ui_width=32)
    provider.handle(ViewerCount(count=viewers, tiles=tiles))
    provider.run(Camera(clock, 30, 2), publisher, StopSignal())  # 64 pixels wide
    assert [(header.width, header.tile) for header, _ in publisher.sent] == sent
    counts = Counter(meter.take_report().counts)
    assert (counts["sent"], counts["sent tile"]) == (sum(not tile for _, tile in sent), sum(tile for _, tile in sent))


def test_ids_rise_across_a_restart(clock: Clock) -> None:
    ids = []
    for _ in range(2):
        queue = RecordingQueue()
        make(queue, clock, rates=(30, 30, 30)).run(Camera(clock, 30, 5), RecordingPublisher(), StopSignal())
        ids += [frame.frame_id for frame in queue.frames]
        time.sleep(5 / 240)  # as long as the fastest camera takes for them
    assert len(ids) == 10
    assert ids == sorted(set(ids))


def test_a_stall_of_the_source_is_not_followed_by_a_burst(clock: Clock) -> None:
    queue, publisher = RecordingQueue(), RecordingPublisher()
    provider = make(queue, clock, viewers=1)
    clock.now += 10
    provider.run(Camera(clock, 30, 60), publisher, StopSignal())
    assert len(queue.frames) == pytest.approx(2 * 5, abs=1)
    assert len(publisher.sent) == pytest.approx(2 * 15, abs=1)


def test_a_frame_that_is_too_large_is_counted_and_the_next_one_queued(clock: Clock) -> None:
    queue, meter = RecordingQueue(too_large=frozenset({2})), Meter("provider")
    make(queue, clock, meter, rates=(30, 30, 30)).run(Camera(clock, 30, 4), RecordingPublisher(), StopSignal())
    report = merged(meter.take_report())
    assert Counter(report.counts)["queued"] == 3
    assert report.drops == {"processor/too large": 1}


def test_frames_too_large_for_jpeg_are_counted_logged_once_and_queued(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    queue, publisher, meter = RecordingQueue(), RecordingPublisher(), Meter("provider")
    provider = make(queue, clock, meter, rates=(30, 30, 30), viewers=1)
    too_wide = np.zeros((1, 65_536, 3), np.uint8)
    provider.run(Camera(clock, 30, 3, too_wide), publisher, StopSignal())
    provider.run(Camera(clock, 30, 2), publisher, StopSignal())
    assert len(queue.frames) == 5
    assert len(publisher.sent) == 2
    assert meter.take_report().drops == {"server/too large": 3}
    assert ["65536×1" in message for message in caplog.messages] == [True]


def test_jpegs_are_at_most_ui_width_wide_and_processors_get_the_whole_frame(clock: Clock) -> None:
    queue, publisher = RecordingQueue(), RecordingPublisher()
    make(queue, clock, ui_width=32, viewers=1).run(Camera(clock, 30, 1), publisher, StopSignal())
    ((header, jpeg),) = publisher.sent
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert (header.height, header.width) == decoded.shape[:2] == (18, 32)
    assert queue.frames[0].image.shape == (36, 64, 3)
