"""Frames are converted straight into the memory of their camera, which a live source uses from two threads."""

from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from common.capture.video_source import open_source
from common.frames import Frame, Image
from common.interfaces import Runtime
from tests.support.roles import PATIENCE_S
from tests.support.simulation import Statuses
from tests.support.videos import OTHER, SMALL, MjpegCamera, number_in, write_clip
from threading_impl.stop_signal import StopSignal


class RecordingMemory:
    """Keeps the arrays that it has allocated."""

    def __init__(self) -> None:
        self.arrays: list[Image] = []

    def allocate(self, shape: tuple[int, ...]) -> Image:
        self.arrays.append(np.empty(shape, np.uint8))
        return self.arrays[-1]

    def holds(self, image: Image) -> bool:
        return any(image is array for array in self.arrays)


@pytest.fixture
def memory() -> RecordingMemory:
    return RecordingMemory()


def test_frames_of_a_file_are_converted_into_the_memory(tmp_path: Path, memory: RecordingMemory) -> None:
    clip = write_clip(tmp_path / "clip.avi", 60, 30)
    with open_source(str(clip), 30, Statuses(), memory=memory) as source:
        _, *images = [image for _, image, _ in islice(source.frames(StopSignal()), 10)]
    assert all(memory.holds(image) for image in images)  # the first one was converted when the file was opened
    assert all(earlier < later for earlier, later in pairwise(map(number_in, images)))  # none has the pixels of another


def test_frames_of_a_live_camera_are_converted_into_the_memory(memory: RecordingMemory) -> None:
    with MjpegCamera() as camera, open_source(camera.url, 30, Statuses(), memory=memory) as source:
        _, *images = [image for _, image, _ in islice(source.frames(StopSignal()), 10)]
    assert all(memory.holds(image) for image in images)


def test_a_camera_that_changes_its_size_gets_new_arrays(memory: RecordingMemory) -> None:
    with MjpegCamera() as camera, open_source(camera.url, 30, Statuses(), memory=memory) as source:
        frames = source.frames(StopSignal())
        assert next(frames).image.shape[1::-1] == SMALL
        camera.stop()
        camera.size = OTHER
        camera.start()
        next(frame for frame in frames if frame.image.shape[1::-1] == OTHER)
        assert memory.holds(next(frames).image)


@pytest.mark.parametrize(
    "open_uri", [lambda camera, clip: camera.url, lambda camera, clip: str(clip)], ids=["live", "file"]
)
def test_frames_arrive_in_the_queue_as_they_were_read_while_later_ones_are_converted(
    runtime: Runtime, tmp_path: Path, open_uri: Callable[[MjpegCamera, Path], str]
) -> None:
    memory = runtime.frame_memory(1)
    queue = runtime.latest_queue(memory, "queue")
    read, taken = [], []
    with MjpegCamera(fps=100) as camera:
        uri = open_uri(camera, write_clip(tmp_path / "clip.avi", 100, 100))
        with open_source(uri, 100, Statuses(), memory=memory) as source:
            for captured_at, image, _ in islice(source.frames(StopSignal()), 150):
                read.append(number_in(image))
                queue.put(Frame("main", len(read), captured_at, image))
                frame = queue.get(PATIENCE_S)
                assert frame is not None
                taken.append(number_in(frame.image))
    assert taken == read
    assert len(set(read)) > 50
