"""Video from a camera or a URL: always its newest frame, and opened again whenever it is lost."""

import logging
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import cv2

from common.capture.blank_frame import BlankPicture
from common.capture.opencv_capture import Device, frame_rate, is_video, open_capture, picture_of
from common.capture.reconnect import OnStatus, Recovery, State
from common.errors import VisionError
from common.frames import Image
from common.interfaces import StopSignal
from common.pacing import Ticker

logger = logging.getLogger(__name__)

STOP_CHECK_S = 0.2  # a frame wakes its reader at once; this is how soon the reader sees that stop was set
# A thread that comes back from OpenCV while Python shuts down aborts the process (before 3.14), so it is waited for;
# but a read of a dead network cannot be interrupted, and whoever stops the app should not wait 5 s for it.
JOIN_TIMEOUT_S = 1.0


class LiveSource:
    """A VideoSource that sets its own pace.

    A helper thread drains the capture, as fast as frames come, into a slot that holds the newest one: frames
    that nobody reads would pile up inside FFmpeg, the driver and the network, and be shown late ever after.
    """

    def __init__(
        self,
        device: Device,
        description: str,
        on_status: OnStatus,
        open_timeout_s: float = 5,
        read_timeout_s: float = 5,
    ) -> None:
        """`description` names the device in all that is said of it: no credentials in there."""
        self.description = description
        self.dropped_count = 0
        self._device = device
        self._on_status = on_status
        self._timeouts_s = open_timeout_s, read_timeout_s
        self._recovery = Recovery(self._leave_status)
        self._closing = threading.Event()
        self._news = threading.Condition()  # guards the two slots and dropped_count
        self._frame: tuple[float, Image] | None = None
        self._status: tuple[State, str] | None = None

    def __enter__(self) -> Self:
        """Start to open the device. It need not be there yet."""
        self._thread = threading.Thread(target=self._run, name="video drain", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)

    def frames(self, stop: StopSignal) -> Iterator[tuple[float, Image]]:
        """(captured_at, image) of the newest frame as soon as there is one, until `stop` is set.

        on_status is called from here, in the thread of the caller. Raises VisionError when the helper thread died.
        """
        while not stop.is_set():
            stop.beat()
            with self._news:
                if self._frame is None and self._status is None:
                    self._news.wait(STOP_CHECK_S)
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
            capture = open_capture(self._device, *self._timeouts_s)
            opened = is_video(capture)
            try:
                if opened:
                    self._drain(capture)
            finally:
                capture.release()
            if not self._closing.is_set():
                fault = "no frames from" if opened else "cannot open"
                self._closing.wait(self._recovery.lost(f"{fault} {self.description}"))

    def _drain(self, capture: cv2.VideoCapture) -> None:
        """Read until a read fails, or this source is closed."""
        # A recording behind a URL comes as fast as it is read; a live stream is one that has no number of frames.
        recorded = capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        ticker = Ticker(frame_rate(capture, self.description)) if recorded else None
        flowing = False
        blank = BlankPicture()
        while capture.grab():
            captured_at = time.time()
            image = picture_of(capture)
            if image is None:
                return
            turned = blank.turned(image)
            if not flowing or (turned and not blank.is_blank):
                flowing = True
                height, width = image.shape[:2]
                self._recovery.ok(f"{self.description}: {width}×{height}")
            elif turned:
                self._say_blank()
            self._leave_frame(captured_at, image)
            if self._closing.wait(ticker.delay_s() if ticker else 0):
                return

    def _say_blank(self) -> None:
        """Frames come on, so there is nothing to open again; but somebody should look at the camera."""
        message = f"{self.description} shows nothing but one colour"
        logger.warning("%s", message)
        self._leave_status("lost", message)

    def _leave_frame(self, captured_at: float, image: Image) -> None:
        with self._news:
            if self._frame is not None:
                self.dropped_count += 1
            self._frame = captured_at, image
            self._news.notify()

    def _leave_status(self, state: State, message: str) -> None:
        with self._news:
            self._status = state, message
            self._news.notify()
