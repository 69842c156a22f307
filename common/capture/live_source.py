"""Video from a camera or a URL: always its newest frame, and opened again whenever it is lost."""

import logging
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from common.capture.arrival_rate import ArrivalRate
from common.capture.blank_frame import BlankFrameDetector
from common.capture.conversion import FrameConverter
from common.capture.diagnose import diagnose
from common.capture.frame_selection import CapturedFrame, Select, select_every
from common.capture.live_reader import LiveReader
from common.capture.opencv_capture import Capture, Device, frame_count, frame_rate, is_video, open_capture
from common.capture.reconnect import OnStatus, ReconnectBackoff, SourceState
from common.errors import VisionError
from common.interfaces import FrameMemory, StopSignal
from common.native_threads import native_thread
from common.pacing import Ticker
from common.text import labelled

logger = logging.getLogger(__name__)

STOP_CHECK_S = 0.2  # period at which a reader that waits for a frame checks stop; a frame wakes it at once
READ_TIMEOUT_S = 5.0  # of a camera that is fast enough for it
OPEN_TIMEOUTS = 2  # read timeouts: FFmpeg analyses up to 5 s of a stream before it is open (analyzeduration)
JOIN_TIMEOUT_S = 1.0  # no longer than stop may take: a read of a dead network cannot be interrupted


class LiveSource:
    """A VideoSource whose rate is that of the camera.

    A thread drains the capture as fast as frames arrive into a slot for the newest one: unread frames would accumulate
    in FFmpeg, the driver and the network, and delay all later ones.
    """

    def __init__(
        self,
        device: Device,
        description: str,
        on_status: OnStatus,
        read_timeout_s: float = READ_TIMEOUT_S,
        memory: FrameMemory | None = None,
        label: str | None = None,
    ) -> None:
        """`description` is shown to people, without credentials. `read_timeout_s` grows with a slow camera.

        Frames are converted into `memory`, if it is given. `label` is the name of the camera in the log.
        """
        self.description = description
        self.replaced_count = 0
        self.undecodable_count = 0
        self._device = device
        self._on_status = on_status
        self._rate = ArrivalRate(read_timeout_s)
        self._converter = FrameConverter(memory)
        self._backoff = ReconnectBackoff(self._put_status, label=label)
        self._label = label
        self._closing = threading.Event()
        self._arrived = threading.Condition()  # guards the two slots and replaced_count
        self._frame: CapturedFrame | None = None
        self._select: Select = select_every
        self._status: tuple[SourceState, str] | None = None

    @property
    def fps(self) -> float | None:
        """Frames a second that arrive from the camera, None until measured."""
        return self._rate.fps

    def __enter__(self) -> Self:
        """Start to open the device, which need not be available yet."""
        self._thread = native_thread(self._run, "video drain")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)

    def frames(self, stop: StopSignal, select: Select = select_every) -> Iterator[CapturedFrame]:
        """Yield the newest selected frame when it arrives, until `stop` is set.

        `select` is called from the drain thread, on_status from here, in the thread of the caller. Raises VisionError
        when the drain thread has died.
        """
        self._select = select
        while not stop.is_set():
            stop.beat()
            with self._arrived:
                if self._frame is None and self._status is None:
                    self._arrived.wait(STOP_CHECK_S)
                frame, self._frame = self._frame, None
                status, self._status = self._status, None
            if status is not None:
                self._on_status(*status)
            if frame is not None:
                yield frame
            elif not self._thread.is_alive():
                raise VisionError(f"{self.description} is no longer read: its thread has died")

    def _run(self) -> None:
        while not self._closing.is_set():
            timeout_s = self._rate.timeout_s
            started_s = time.monotonic()
            capture = open_capture(self._device, OPEN_TIMEOUTS * timeout_s, timeout_s)
            timed_out = time.monotonic() - started_s >= timeout_s
            try:
                fault = self._drain(capture, timeout_s) if is_video(capture) else self._open_fault(timed_out)
            finally:
                capture.release()
            if not self._closing.is_set():
                self._closing.wait(self._backoff.lost(fault))

    def _open_fault(self, timed_out: bool) -> str:
        fault = diagnose(self._device)
        if timed_out and fault.may_be_slow:
            self._rate.extend_timeout()
        return f"cannot open {self.description}: {fault.reason}"

    def _drain(self, capture: Capture, timeout_s: float) -> str:
        """Put each frame into the slot until the stream is lost or this source is closed; return why it is lost."""
        # A recording behind a URL arrives as fast as it is read. Only recordings have a number of frames.
        recorded = frame_count(capture) is not None
        ticker = Ticker(frame_rate(capture, self.description)) if recorded else None
        reader = LiveReader(capture, self._device, timeout_s, self._rate, self._converter, self._count_undecodable)
        blank = BlankFrameDetector()
        connected = False
        for captured_at in reader.grabs():
            due, is_check_due = self._select(), blank.is_due()
            image = reader.retrieve() if due or is_check_due or not connected else None
            if image is not None:
                blank_changed = is_check_due and blank.changed(image)
                if not connected or (blank_changed and not blank.is_blank):
                    connected = True
                    height, width = image.shape[:2]
                    self._backoff.connected(f"{self.description}: {width}×{height}")
                elif blank_changed:
                    self._report_blank()
                if due:
                    self._put_frame(CapturedFrame(captured_at, image, due))
            if self._closing.wait(ticker.delay_s() if ticker else 0):
                break
        if reader.timed_out:
            self._rate.extend_timeout()
        return f"no frames from {self.description}: {reader.fault}"

    def _report_blank(self) -> None:
        message = f"{self.description} shows nothing but one colour"
        logger.warning("%s", labelled(self._label, message))
        self._put_status("lost", message)

    def _count_undecodable(self, count: int) -> None:
        self.undecodable_count += count

    def _put_frame(self, frame: CapturedFrame) -> None:
        with self._arrived:
            if self._frame is not None:
                self.replaced_count += 1
            self._frame = frame
            self._arrived.notify()

    def _put_status(self, state: SourceState, message: str) -> None:
        with self._arrived:
            self._status = state, message
            self._arrived.notify()
