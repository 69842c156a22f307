"""The producer's side of a latest queue: sends the newest frame, as JPEG, once there is a consumer for it."""

import logging
import threading
from typing import Any

import zenoh

from common.errors import FrameTooLargeError
from common.frames import MAX_FRAME_BYTES, Frame
from common.pacing import Throttle

from . import keys
from .jpeg_frames import JpegFrames
from .link import Link
from .send_thread import SendThread
from .session import direct

logger = logging.getLogger(__name__)


class FrameSender:
    """A publisher that drops.

    put() only leaves the frame to a thread: a put of Zenoh above 64 KiB can wait, even with CongestionControl.DROP
    (zenoh issue 2258).
    """

    def __init__(self, link: Link, memory: JpegFrames, name: str) -> None:
        """`name` is that of the queue, `memory` that of the camera. Nothing is opened before the first put()."""
        self._link = link
        self._memory = memory
        self._name = name
        self._lock = threading.Lock()
        self._publisher: zenoh.Publisher | None = None
        self._thread = SendThread("latest queue", self._send)
        self._unsent: Frame | None = None
        self._unread_id: int | None = None  # of the frame that was put last, until the consumer has taken it
        self._too_large_log = Throttle(10)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrameSender, (self._link, self._memory, self._name)

    def put(self, frame: Frame) -> bool:
        """Put `frame`, and return whether it has overwritten an unread one. Never blocks. Raises FrameTooLargeError."""
        if frame.image.nbytes > MAX_FRAME_BYTES:
            raise FrameTooLargeError(f"a frame of {frame.image.nbytes:,} bytes; the limit is {MAX_FRAME_BYTES:,}")
        if self._publisher is None:
            self._start()
        with self._lock:
            overwritten = self.is_full()
            self._unsent, self._unread_id = frame, frame.frame_id
        self._thread.wake()
        return overwritten

    def is_full(self) -> bool:
        """Return whether a frame is unread, as far as is known here."""
        return self._unread_id is not None

    def mark_taken(self, frame_id: int) -> None:
        """The consumer has taken a frame."""
        if self._unread_id == frame_id:
            self._unread_id = None

    def _start(self) -> None:
        session = self._link.session()
        self._publisher = session.declare_publisher(
            keys.frames(self._name),
            congestion_control=zenoh.CongestionControl.DROP,
            reliability=zenoh.Reliability.BEST_EFFORT,
            express=True,
        )
        self._publisher.declare_matching_listener(direct(self._on_matching))
        session.declare_subscriber(keys.taken(self._name), direct(self._on_taken))
        self._thread.start()

    def _on_matching(self, status: Any) -> None:
        """A consumer has come or gone. What the one before has not taken, its successor never gets."""
        with self._lock:
            if self._unsent is None:
                self._unread_id = None
        self._thread.wake()

    def _on_taken(self, sample: zenoh.Sample) -> None:
        text = sample.payload.to_string()
        if text.isdecimal():
            self.mark_taken(int(text))

    def _send(self) -> None:
        """Encode and send the newest frame, if there is one and a subscriber for it."""
        if self._publisher is None or not self._publisher.matching_status.matching:  # type: ignore[attr-defined]
            return
        with self._lock:
            frame, self._unsent = self._unsent, None
        if frame is not None:
            try:
                self._publisher.put(self._memory.message(frame))
            except FrameTooLargeError as error:
                if self._too_large_log.due():
                    logger.error("frame dropped for the latest queue %s: %s", self._name, error)
