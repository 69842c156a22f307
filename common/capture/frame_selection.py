"""Selection of the frames for each consumer by its rate."""

from collections.abc import Sequence
from typing import NamedTuple

from common.pacing import Decimator


class Due(NamedTuple):
    """The consumers of one frame: viewers, and each of the processors."""

    viewers: bool
    processors: tuple[bool, ...]


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
