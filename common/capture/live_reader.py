"""Reads an open live stream: when each frame was received, which ones to skip, and when the stream is lost."""

import time
from collections.abc import Callable, Iterator

from common.capture.arrival_rate import ArrivalRate
from common.capture.conversion import FrameConverter
from common.capture.opencv_capture import Capture, Device, codec, declared_fps
from common.frames import Image
from common.pacing import Clock

MAX_FAILURES = 30  # in a row: an undecodable frame fails as quickly as a connection that was closed, but not the next
MAX_BUFFERED = 60  # frames: FFmpeg analyses some 20 at most
REAL_TIME = 0.5  # of the period of the stream: frames that are returned faster were buffered
TIMED_OUT = 0.9  # of the read timeout: a failure after this time is not quick

# Codecs that FFmpeg's RTP depacketizers pass on in fragments, which a parser joins. It completes a frame when the next
# one starts (libavcodec/h264_parser.c, h264_find_frame_end; libavcodec/hevc/parser.c, hevc_find_frame_end).
PARSED_CODECS = ("h264", "hevc")


class LiveReader:
    """Grabs the frames of an open capture until it is lost. Then `fault` is the reason.

    `captured_at` is when the frame was received. FFmpeg holds a frame of some streams until the next one starts: that
    frame was received when the previous read returned, not when its own did.
    """

    def __init__(
        self,
        capture: Capture,
        device: Device,
        timeout_s: float,
        rate: ArrivalRate,
        converter: FrameConverter,
        on_undecodable: Callable[[int], None],
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
    ) -> None:
        """`timeout_s` is the read timeout of `capture`; `on_undecodable` is called with a number of skipped frames."""
        self.fault = ""
        self.timed_out = False
        self._capture = capture
        self._is_held = holds_frame(device, codec(capture))
        self._timeout_s = timeout_s
        self._rate = rate
        self._converter = converter
        self._on_undecodable = on_undecodable
        self._clock = clock
        self._wall_clock = wall_clock
        self._unconverted = 0  # frames in a row
        fps = declared_fps(capture)
        self._may_be_buffered = MAX_BUFFERED if self._is_held and fps else 0
        self._shortest_s = REAL_TIME / fps if fps else 0.0
        self._returned_s = 0.0

    def grabs(self) -> Iterator[float]:
        """Yield captured_at of each frame, which retrieve() then returns, until the stream is lost."""
        self._rate.restart(self._clock())
        previous_at: float | None = None
        failures = 0
        while max(failures, self._unconverted) < MAX_FAILURES:
            started_s = self._clock()
            grabbed = self._capture.grab()
            received_at, now_s = self._wall_clock(), self._clock()
            if not grabbed:
                failures += 1
                self.timed_out = now_s - started_s >= TIMED_OUT * self._timeout_s
                if self.timed_out:
                    self.fault = f"none for {self._timeout_s:g} s"
                    return
                continue
            if failures:
                self._on_undecodable(failures)
                failures = 0
            self._rate.add(now_s)
            if self._is_buffered(now_s):
                previous_at = received_at
                continue
            yield previous_at if self._is_held and previous_at is not None else received_at
            previous_at = received_at
        self.fault = "the stream ended or cannot be decoded"

    def _is_buffered(self, now_s: float) -> bool:
        """Return whether the frame was buffered by FFmpeg while it analysed the stream, so that its age is unknown.

        The first frames are; they are returned much faster than the rate that the stream declares.
        """
        if self._may_be_buffered == 0:
            return False
        elapsed_s, self._returned_s = now_s - self._returned_s, now_s
        is_first = self._may_be_buffered == MAX_BUFFERED
        self._may_be_buffered = self._may_be_buffered - 1 if is_first or elapsed_s < self._shortest_s else 0
        return self._may_be_buffered > 0

    def retrieve(self) -> Image | None:
        """Return the frame as a read-only BGR array, or None if it cannot be decoded."""
        image = self._converter.convert(self._capture)
        if image is None:
            self._unconverted += 1
            self._on_undecodable(1)
        else:
            self._unconverted = 0
        return image


def holds_frame(device: Device, codec_name: str) -> bool:
    """Return whether FFmpeg returns a frame of this stream only when the next one starts to arrive."""
    return isinstance(device, str) and device.startswith("rtsp") and codec_name in PARSED_CODECS
