"""Selection of the frames for each consumer by its rate."""

from typing import NamedTuple

from common.pacing import Decimator


class Due(NamedTuple):
    """The consumers of one frame."""

    viewers: bool
    processor: bool


class FrameSelection:
    """Selects `ui_fps` frames a second for viewers and `queue_fps` for the processor out of `capture_fps`.

    A processor that is not faster than the viewers gets a subset of their frames, so that each detection belongs to a
    frame that was sent. Both selections use the same time of a frame: two schedules that start apart never meet.
    """

    def __init__(self, capture_fps: float, ui_fps: float, queue_fps: float) -> None:
        self._is_subset = queue_fps <= ui_fps
        self._viewers = Decimator(ui_fps, 0.5 / capture_fps)
        self._processor = Decimator(queue_fps, 0.5 / (ui_fps if self._is_subset else capture_fps))

    def due(self, now_s: float) -> Due:
        """Return which consumers get the frame that arrived at `now_s`, in seconds of a monotonic clock."""
        viewers = self._viewers.due(now_s)
        return Due(viewers, (viewers or not self._is_subset) and self._processor.due(now_s))
