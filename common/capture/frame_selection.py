"""Selection of the frames for each consumer by its rate."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from common.frames import Image
from common.pacing import Decimator


class Due(NamedTuple):
    """The consumers of one frame: viewers, and each of the processors."""

    viewers: bool
    processors: tuple[bool, ...]


class CapturedFrame(NamedTuple):
    """A frame that is due for a consumer: when it was received, in Unix time, and a read-only BGR array."""

    captured_at: float
    image: Image
    due: Due


Select: TypeAlias = Callable[[], Due | None]
"""Called for each frame when it arrives; returns its consumers, None if there are none and it need not be converted."""


def select_every() -> Due:
    """Select every frame for all consumers."""
    return Due(True, ())


class FrameSelection:
    """Selects `ui_fps` frames a second for viewers and some for each processor out of `capture_fps`.

    A processor that is not faster than the viewers gets a subset of their frames, so that each detection belongs to a
    frame that was sent. All selections use the same time of a frame: two schedules that start apart never meet.
    """

    def __init__(self, capture_fps: float, ui_fps: float, processor_fps: Sequence[float]) -> None:
        self._viewers = Decimator(ui_fps, 0.5 / capture_fps)
        self._processors = [
            (fps <= ui_fps, Decimator(fps, 0.5 / (ui_fps if fps <= ui_fps else capture_fps))) for fps in processor_fps
        ]

    def due(self, now_s: float) -> Due:
        """Return which consumers get the frame that arrived at `now_s`, in seconds of a monotonic clock."""
        viewers = self._viewers.due(now_s)
        processors = tuple(
            (viewers or not is_subset) and decimator.due(now_s) for is_subset, decimator in self._processors
        )
        return Due(viewers, processors)
