"""What a trial runs: cameras, processors, and the settings file for them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tests.support.apps import ROOT
from tests.support.onnx_models import save_yolox
from tests.support.rtsp import rtsp_camera
from tests.support.videos import write_clip
from tests.trial.viewer import Stream

CLIPS = ROOT.parent / "shared" / "clips"
MODEL = ROOT.parent / "shared" / "detectors" / "yolox_nano.onnx"
UI_FPS = 15
RTSP_FPS = 30
SLOW = """
import time
from common.processing import Result

def process(frame):
    time.sleep(0.5)
    return Result([])
"""


@dataclass(frozen=True)
class Processor:
    """Settings of a processor: `work` is the line that selects its model or its code."""

    work: str
    fps: float
    is_slow: bool = False


@dataclass(frozen=True)
class TrialPlan:
    """Sources and processors by name, the seconds to observe them, and whether to kill each role then."""

    implementation: str
    cameras: Mapping[str, str]
    processors: Mapping[str, Processor]
    seconds: float
    kills: bool

    def is_slow(self, stream: Stream) -> bool:
        """Return whether the stream cannot have its rate."""
        return stream.processor is not None and self.processors[stream.processor].is_slow

    def rates(self) -> dict[Stream, float]:
        """Return the frames or results per second that each stream should have."""
        frames = {Stream(camera): float(UI_FPS) for camera in self.cameras}
        pairs = product(self.cameras, self.processors.items())
        return frames | {Stream(camera, name): processor.fps for camera, (name, processor) in pairs}

    def write_settings(self, file: Path) -> Path:
        """Write the settings file."""
        lines = [f"ui_fps = {UI_FPS}"]
        for name, source in self.cameras.items():
            lines += ["[[cameras]]", f'name = "{name}"', f'source = "{source}"']
        for name, processor in self.processors.items():
            lines += ["[[processors]]", f'name = "{name}"', processor.work, f"fps = {processor.fps}"]
        file.write_text("\n".join(lines))
        return file


@contextmanager
def real_cameras(count: int) -> Iterator[dict[str, str]]:
    """Yield cameras of different sources in turn: the bundled clip, clips of traffic, an RTSP camera."""
    with rtsp_camera(RTSP_FPS) as ports:
        sources = ["sample", *(str(clip) for clip in sorted(CLIPS.glob("*.mp4")))]
        if ports:
            sources.append(f"rtsp://127.0.0.1:{ports[0]}/h264")
        yield {f"camera{number + 1}": sources[number % len(sources)] for number in range(count)}


def small_cameras(count: int, folder: Path) -> dict[str, str]:
    """Return cameras of 160 × 90 pixels."""
    clip = write_clip(folder / "clip.avi", 60, 30)
    return {f"camera{number + 1}": str(clip) for number in range(count)}


def real_processors(count: int, folder: Path) -> dict[str, Processor]:
    """Return processors of different models in turn: the bundled one at 5 FPS, another at 2 FPS."""
    other = MODEL if MODEL.exists() else save_yolox(folder / "other.onnx")
    kinds = [Processor('model = "default"', 5), Processor(f'model = "{other}"', 2)]
    return {f"processor{number + 1}": kinds[number % len(kinds)] for number in range(count)}


def small_processors(count: int, folder: Path) -> dict[str, Processor]:
    """Return processors of a small model at 2 FPS."""
    model = save_yolox(folder / "small.onnx")
    return {f"processor{number + 1}": Processor(f'model = "{model}"', 2) for number in range(count)}


def slow_processor(folder: Path) -> Processor:
    """Return a processor that takes half a second for each frame."""
    code = folder / "slow.py"
    code.write_text(SLOW)
    return Processor(f'run = "{code}:process"', 2, is_slow=True)
