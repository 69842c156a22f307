"""Video from a file: played in a loop, at its own speed, whatever rate it is asked for."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from common.capture.opencv_capture import frame_rate, is_video, open_capture, picture_of
from common.capture.reconnect import OnStatus, Recovery
from common.errors import SourceError
from common.frames import Image
from common.interfaces import StopSignal
from common.pacing import Clock, Ticker
from common.supervision.heartbeat import wait_with_heartbeat

CATCH_UP_S = (
    1.0  # when the next frame is late by more than this, frames are no longer decoded one by one but jumped over
)
STEP_S = (0.001, 10.0)  # what a frame can last; timestamps that say otherwise are broken, or those of a new loop
GRAB_ATTEMPTS = 30  # a damaged packet fails like the end of the file does: look this many packets further


class FileSource:
    """A VideoSource on a file. Repeated frames are the same array again, which nobody can write to.

    The clip's clock is that of the process: a frame is shown while it is the one nearest to now by its own
    timestamp. So frames repeat or are left out, and time neither stretches nor jumps where the clip starts anew.
    """

    def __init__(
        self,
        path: Path,
        capture_fps: float,
        on_status: OnStatus,
        clock: Clock = time.monotonic,
        start_s: float | None = None,
    ) -> None:
        """`start_s` is when, by `clock`, the clip began to play: two that share it show the same frame at any time.

        None for when the first frame is asked for.
        """
        self.description = path.name
        self.dropped_count = 0
        self._path = path
        self._capture_fps = capture_fps
        self._recovery = Recovery(on_status, clock)
        self._clock = clock
        self._start_s = start_s

    def __enter__(self) -> Self:
        """Open the file and decode its first frame. Raises SourceError."""
        self._open()
        if not is_video(self._capture):
            raise SourceError(f"cannot open {str(self._path)!r}: it is no video")
        self._fps = frame_rate(self._capture, self.description)
        picture = picture_of(self._capture) if self._read() else None
        if picture is None:
            raise SourceError(f"cannot open {str(self._path)!r}: none of its frames can be decoded")
        self._picture = picture
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(self, stop: StopSignal) -> Iterator[tuple[float, Image]]:
        """`capture_fps` times a second (captured_at, image) until `stop` is set; nothing while the file is lost."""
        start_s = self._clock() if self._start_s is None else self._start_s
        self._begin(0)
        ticker = Ticker(self._capture_fps, self._clock)
        while not wait_with_heartbeat(stop, ticker.delay_s()):
            if self._follow(self._clock() - start_s):
                yield time.time(), self._picture
                continue
            while not self._reopen():
                if wait_with_heartbeat(stop, self._recovery.lost(f"cannot read {self.description}")):
                    return
            self._begin(self._clock() - start_s)

    def _begin(self, now_s: float) -> None:
        """Play from the current frame on; it is due at the next tick."""
        self._due_s = now_s + 1 / self._capture_fps  # on and on over all loops, as now_s is
        self._timestamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        height, width = self._picture.shape[:2]
        self._recovery.ok(f"{self.description}: {width}×{height} at {self._fps:g} FPS")

    def _follow(self, now_s: float) -> bool:
        """Make the frame that is nearest to `now_s` the current one; False when the file gives no more frames."""
        half_period_s = 0.5 / self._fps
        if now_s - self._due_s <= half_period_s:
            return True
        if now_s - self._due_s > CATCH_UP_S + 1 / self._fps and not self._skip(now_s):
            return False
        while now_s - self._due_s > half_period_s:
            if not self._advance():
                return False
        return self._show()

    def _skip(self, now_s: float) -> bool:
        """Jump to where the clip would be by now; one that cannot be searched goes on from where it is."""
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)  # negative when unknown
        due_s = now_s
        if count > 0:
            missed = round((now_s - self._due_s) * self._fps)
            due_s = self._due_s + missed / self._fps  # not quite now: where in its period the clip is, is kept
            next_frame = self._capture.get(cv2.CAP_PROP_POS_FRAMES)
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, (next_frame + missed - 1) % count)
        advanced = self._advance()
        self._due_s = due_s
        return advanced

    def _advance(self) -> bool:
        """Go on by one frame, from the last one to the first."""
        if not (self._read() or self._rewind()):
            return False
        timestamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        step_s = timestamp_s - self._timestamp_s
        self._timestamp_s = timestamp_s
        shortest, longest = STEP_S
        self._due_s += step_s if shortest <= step_s <= longest else 1 / self._fps
        return True

    def _rewind(self) -> bool:
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        if self._read():
            return True
        self._open()  # some formats cannot be searched
        return self._read()

    def _reopen(self) -> bool:
        self._open()
        return is_video(self._capture) and self._read() and self._show()

    def _show(self) -> bool:
        picture = picture_of(self._capture)
        if picture is None:
            return False
        self._picture = picture
        return True

    def _read(self) -> bool:
        return any(self._capture.grab() for _ in range(GRAB_ATTEMPTS))

    def _open(self) -> None:
        # The absolute path, since FFmpeg takes what stands before a colon for a protocol.
        self._capture = open_capture(str(self._path.resolve()))
