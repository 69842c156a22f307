"""A detect_source: processors get its frames, viewers those of the main source, and neither stops the other."""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput
from common.capture.role import run_provider
from common.errors import SourceError
from common.frames import Frame
from common.messaging.base import Message
from common.messaging.messages import FrameHeader, ServerMessage, Status, ViewerCount
from common.messaging.publisher import Ingest, Publisher
from tests.support.videos import OTHER, MjpegCamera, write_clip
from tests.support.waiting import PATIENCE_S, wait_until
from threading_impl.frame_memory import FrameMemory
from threading_impl.latest_queue import LatestQueue
from threading_impl.stop_signal import StopSignal

REFUSED = "http://127.0.0.1:9/"


class RecordingQueue(LatestQueue):
    """Keeps the frames that are put."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)


class RecordingPublisher(Publisher):
    """Keeps what is sent, for a server with one viewer."""

    made: list["RecordingPublisher"] = []  # noqa: RUF012 - cleared by each test

    def __init__(self, ingest: Ingest, handle: Callable[[ServerMessage], None]) -> None:
        super().__init__(ingest, handle)
        handle(ViewerCount(count=1))
        self.headers: list[FrameHeader] = []
        self.messages: list[Message] = []
        self.made.append(self)

    def send_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        self.headers.append(header)

    def send(self, message: Message) -> None:
        self.messages.append(message)


class RecordingIngest(Ingest):
    """Makes publishers that record."""

    def publisher(self, handle: Callable[[ServerMessage], None] = lambda _: None) -> RecordingPublisher:
        return RecordingPublisher(self, handle)


INGEST = RecordingIngest(1, "")


class Running:
    """Runs a provider in a thread until the block ends."""

    def __init__(self, source: str, detect_source: str) -> None:
        options = ProviderOptions(source, 30, 15, 0, 80, detect_source)
        self.queue, self.stop = RecordingQueue(), StopSignal()
        outputs = [ProviderOutput("main", 5, (self.queue,))]
        self._thread = threading.Thread(target=run_provider, args=(options, INGEST, FrameMemory(), outputs, self.stop))

    def __enter__(self) -> "Running":
        RecordingPublisher.made.clear()
        self._thread.start()
        wait_until(lambda: len(RecordingPublisher.made) > 0)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def publisher(self) -> RecordingPublisher:
        return RecordingPublisher.made[0]

    def states(self) -> dict[str, str]:
        """Return the newest state of each component."""
        return {each.component: each.state for each in self.publisher.messages if isinstance(each, Status)}


def test_viewers_get_the_source_and_processors_the_detect_source(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "small.avi", 60, 30))
    with MjpegCamera() as camera:
        camera.size = OTHER
        with Running(camera.url, clip) as role:
            wait_until(lambda: len(role.queue.frames) > 10 and len(role.publisher.headers) > 30)
    assert {(header.width, header.height) for header in role.publisher.headers} == {OTHER}
    assert {frame.image.shape for frame in role.queue.frames} == {(90, 160, 3)}
    span_s = role.queue.frames[-1].captured_at - role.queue.frames[0].captured_at
    assert (len(role.queue.frames) - 1) / span_s == pytest.approx(5, rel=0.2)
    ids = [frame.frame_id for frame in role.queue.frames]
    assert all(earlier < later for earlier, later in pairwise(ids))
    assert not set(ids) & {header.frame_id for header in role.publisher.headers}
    assert role.stop.beats() > 0


def test_a_lost_source_does_not_stop_the_detect_source(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "small.avi", 60, 30))
    with Running(REFUSED, clip) as role:
        wait_until(lambda: len(role.queue.frames) > 5 and len(role.states()) == 2)
    assert role.states() == {"source": "lost", "detect source": "ok"}
    assert role.publisher.headers == []


def test_a_lost_detect_source_does_not_stop_the_source(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "small.avi", 60, 30))
    with Running(clip, REFUSED) as role:
        wait_until(lambda: len(role.publisher.headers) > 15 and len(role.states()) == 2)
    assert role.states() == {"source": "ok", "detect source": "lost"}
    assert role.queue.frames == []


def test_a_detect_source_that_cannot_work_ends_the_role(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "small.avi", 60, 30))
    options = ProviderOptions(clip, 30, 15, 0, 80, str(tmp_path / "missing.avi"))
    with pytest.raises(SourceError, match="missing"):
        run_provider(options, INGEST, FrameMemory(), [ProviderOutput("main", 5, (RecordingQueue(),))], StopSignal())
