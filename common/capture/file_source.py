"""Video from a file, played in a loop at its own speed, whatever the rate at which it is read."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from common.capture.conversion import FrameConverter
from common.capture.frame_selection import CapturedFrame, Select, select_every
from common.capture.opencv_capture import (
    frame_count,
    frame_rate,
    is_video,
    open_capture,
    position_s,
    rewind,
)
from common.capture.playback import Playback
from common.capture.reconnect import OnStatus, ReconnectBackoff
from common.errors import SourceError
from common.frames import Image
from common.interfaces import FrameMemory, StopSignal
from common.pacing import Clock, Ticker
from common.supervision.heartbeat import wait_with_heartbeat
from common.text import labelled

logger = logging.getLogger(__name__)

GRAB_ATTEMPTS = 30  # packets to try: a damaged one fails in the same way as the end of the file
DECODING_THREADS = 2  # a frame ahead: at 4K, decoding a key frame alone takes longer than a period
CONSUMER_SHARE = 0.1  # of the newest frame in the average time that the consumer takes


class FileSource:
    """A VideoSource on a file. A repeated frame is the same array, which is read-only.

    A file that is decoded slower than real time is played slower. Seeking would not help: OpenCV reaches a frame by
    decoding all frames since the key frame before it, in one call that cannot be interrupted
    (modules/videoio/src/cap_ffmpeg_impl.hpp, CvCapture_FFMPEG::seek).
    """

    def __init__(
        self,
        path: Path,
        capture_fps: float,
        on_status: OnStatus,
        clock: Clock = time.monotonic,
        start_s: float | None = None,
        memory: FrameMemory | None = None,
        label: str | None = None,
    ) -> None:
        """`start_s` is when, by `clock`, the clip started to play: sources that share it show the same frame.

        None: when the first frame is read. Frames are converted into `memory`, if it is given. `label` is the name of
        the camera in the log.
        """
        self.description = path.name
        self.fps: float | None = capture_fps
        self.replaced_count = 0
        self.undecodable_count = 0
        self._path = path
        self._tick_s = 1 / capture_fps
        self._on_status = on_status
        self._converter = FrameConverter(memory)
        self._image: Image
        self._backoff = ReconnectBackoff(on_status, clock, label=label)
        self._label = label
        self._clock = clock
        self._start_s = start_s
        self._consumer_s = 0.0  # in a tick, average: to convert the frame, and for the consumer to encode it
        self._is_retrieved = False
        self._slow_logged = False

    def __enter__(self) -> Self:
        """Open the file and decode its first frame. Raises SourceError."""
        self._open()
        if not is_video(self._capture):
            raise SourceError(f"cannot open {str(self._path)!r}: not a video file")
        self._frame_s = 1 / frame_rate(self._capture, self.description)
        if not (self._grab() and self._retrieve()):
            raise SourceError(f"cannot open {str(self._path)!r}: none of its frames can be decoded")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(self, stop: StopSignal, select: Select = select_every) -> Iterator[CapturedFrame]:
        """Call `select` `capture_fps` times a second and yield what it selects, until `stop` is set.

        Less often where decoding takes longer; not at all while the file is lost.
        """
        start_s = self._clock() if self._start_s is None else self._start_s
        self._begin(0)
        ticker = Ticker(1 / self._tick_s, self._clock)
        while not wait_with_heartbeat(stop, ticker.delay_s()):
            if self._follow(self._clock() - start_s, stop):
                followed_s, captured_at = self._clock(), time.time()
                due = select()
                if due is None or self._retrieve():
                    if due is not None:
                        yield CapturedFrame(captured_at, self._image, due)
                    consumer_s = min(self._clock() - followed_s, self._tick_s)
                    self._consumer_s += CONSUMER_SHARE * (consumer_s - self._consumer_s)
                    continue
            while not self._reopen():
                if wait_with_heartbeat(stop, self._backoff.lost(f"cannot read {self.description}")):
                    return
            self._begin(self._clock() - start_s)

    def _begin(self, now_s: float) -> None:
        """Play from the current frame on, which is due at the next tick."""
        count = frame_count(self._capture)
        loop_s = count * self._frame_s if count else None
        self._playback = Playback(self._frame_s, loop_s, now_s + self._tick_s, position_s(self._capture))
        self._backoff.connected(self._summary())

    def _follow(self, now_s: float, stop: StopSignal) -> bool:
        """Make the frame that is nearest to `now_s` the current one; return False when the file has no more frames."""
        playback, was_slow = self._playback, self._playback.is_slow
        if not playback.is_late(now_s):
            return True
        deadline = self._clock() + playback.budget_s(now_s, self._tick_s - self._consumer_s)
        while playback.is_late(now_s):
            if not self._advance():
                return False
            if self._clock() >= deadline or stop.is_set():
                break
            stop.beat()
        playback.settle(now_s)
        if playback.is_slow != was_slow:
            self._report_speed()
        return True

    def _report_speed(self) -> None:
        if self._playback.is_slow:
            message = f"{self._summary()}: decoding is slower than real time"
            if not self._slow_logged:
                logger.warning("%s", labelled(self._label, message))
                self._slow_logged = True
            self._on_status("degraded", message)
        else:
            self._on_status("ok", self._summary())

    def _advance(self) -> bool:
        """Decode the next frame, after the last one the first."""
        started_s = self._clock()
        if not (self._grab() or self._rewind()):
            return False
        self._is_retrieved = False
        self._playback.advance(position_s(self._capture), self._clock() - started_s)
        return True

    def _rewind(self) -> bool:
        rewind(self._capture)
        if self._grab():
            return True
        self._open()  # some formats do not support seeking
        return self._grab()

    def _reopen(self) -> bool:
        self._open()
        self._is_retrieved = False
        return is_video(self._capture) and self._grab() and self._retrieve()

    def _retrieve(self) -> bool:
        """Convert the current frame, unless it is a repeated one."""
        if self._is_retrieved:
            return True
        image = self._converter.convert(self._capture)
        if image is None:
            return False
        self._image = image
        self._is_retrieved = True
        return True

    def _grab(self) -> bool:
        """Decode a frame, skipping damaged packets; return False at the end of the file."""
        for failures in range(GRAB_ATTEMPTS):
            if self._capture.grab():
                self.undecodable_count += failures
                return True
        return False

    def _open(self) -> None:
        # The absolute path, since FFmpeg takes the part before a colon for a protocol.
        self._capture = open_capture(str(self._path.resolve()), decoding_threads=DECODING_THREADS)

    def _summary(self) -> str:
        height, width = self._image.shape[:2]
        return f"{self.description}: {width}×{height} at {1 / self._frame_s:g} FPS"
