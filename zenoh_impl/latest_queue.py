"""The queue of size 1 in which a new frame overwrites an unread one, and the reader of several such queues."""

import logging
import math
import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import zenoh

from common.errors import FrameTooLargeError, MessageError
from common.frames import MAX_FRAME_BYTES, Frame
from common.jpeg import decode_jpeg
from common.messaging.messages import unpack_frame
from common.pacing import Throttle

from . import keys
from .jpeg_frames import JpegFrames
from .link import Link
from .local_time import local_header
from .send_thread import SendThread
from .session import direct

logger = logging.getLogger(__name__)


class LatestQueue:
    """A publisher that drops, and a subscriber that keeps the newest frame. A frame is sent as JPEG.

    put() only leaves the frame to a thread, which encodes and sends it once there is a subscriber: a put of Zenoh above
    64 KiB can wait, even with CongestionControl.DROP (zenoh issue 2258). The subscriber has a callback, since the
    default handler is a FIFO of 256 samples that blocks the network thread when it is full. The consumer sends back
    which frames it took.
    """

    def __init__(self, link: Link, memory: JpegFrames | None = None, name: str = "") -> None:
        """`memory` is that of the camera, shared with its other queues; `name` is unique among all queues."""
        self.name = name or uuid4().hex
        self.overwritten_count = 0
        self.arrival = threading.Event()
        self._link = link
        self._memory = memory or JpegFrames()
        self._lock = threading.Lock()
        # The producer's side.
        self._publisher: zenoh.Publisher | None = None
        self._thread = SendThread("latest queue", self._send)
        self._unsent: Frame | None = None
        self._unread_id: int | None = None  # of the frame that was put last, until the consumer has taken it
        # The consumer's side.
        self._subscriber: zenoh.Subscriber[None] | None = None
        self._arrived: bytes | None = None
        self._unread_since = math.inf
        self._invalid_log = Throttle(10)

    def __reduce__(self) -> tuple[Any, ...]:
        return LatestQueue, (self._link, self._memory, self.name)

    def put(self, frame: Frame) -> None:
        """Put `frame` in place of an unread one. Never blocks. Raises FrameTooLargeError."""
        if frame.image.nbytes > MAX_FRAME_BYTES:
            raise FrameTooLargeError(f"a frame of {frame.image.nbytes:,} bytes; the limit is {MAX_FRAME_BYTES:,}")
        if self._publisher is None:
            self._start_sending()
        with self._lock:
            self.overwritten_count += self.is_full()
            self._unsent, self._unread_id = frame, frame.frame_id
        self._thread.wake()

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, waiting up to `timeout_s` seconds for one, or None."""
        return QueueReader([self]).get(timeout_s)

    def is_full(self) -> bool:
        """Return whether a frame is unread, as far as the producer knows."""
        return self._unread_id is not None

    def unread_since(self) -> float:
        """Return since when (monotonic time) a frame has been there, this one or one that it overwrote.

        Infinity stands for no frame. Nothing is sent before the first call.
        """
        if self._subscriber is None:
            self._subscriber = self._link.session().declare_subscriber(keys.frames(self.name), direct(self._on_frame))
        return self._unread_since

    def take(self) -> Frame | None:
        """Return the frame that has arrived, without blocking, or None.

        None also stands for an invalid frame, and for one of a node whose clock is not known yet.
        """
        with self._lock:
            packed, self._arrived, self._unread_since = self._arrived, None, math.inf
        if packed is None:
            return None
        try:
            header, jpeg = unpack_frame(packed)
            camera, _, consumer = self.name.partition(" to ")
            if consumer and header.camera != camera:
                raise MessageError(f"a frame of camera {header.camera}")
            local = local_header(self._link, header)
            if local is None:
                return None
            frame = Frame(local.camera, local.frame_id, local.captured_at, decode_jpeg(jpeg))
        except MessageError as error:
            if self._invalid_log.due():
                logger.error("invalid frame for the latest queue %s: %s", self.name, error)
            return None
        self._mark_taken(frame.frame_id)
        self._link.session().put(keys.taken(self.name), str(frame.frame_id))
        return frame

    def _on_frame(self, sample: zenoh.Sample) -> None:
        with self._lock:
            if self._arrived is None:
                self._unread_since = time.monotonic()
            self._arrived = sample.payload.to_bytes()
        self.arrival.set()

    def _start_sending(self) -> None:
        session = self._link.session()
        self._publisher = session.declare_publisher(
            keys.frames(self.name), congestion_control=zenoh.CongestionControl.DROP, express=True
        )
        self._publisher.declare_matching_listener(direct(self._on_matching))
        session.declare_subscriber(keys.taken(self.name), direct(self._on_taken))
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
            self._mark_taken(int(text))

    def _mark_taken(self, frame_id: int) -> None:
        if self._unread_id == frame_id:
            self._unread_id = None

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
                if self._invalid_log.due():
                    logger.error("frame dropped for the latest queue %s: %s", self.name, error)


class QueueReader:
    """Reads from the queue that has held an unread frame for the longest time, so that none of them starves."""

    def __init__(self, queues: Sequence[LatestQueue]) -> None:
        self._queues = queues

    def get(self, timeout_s: float) -> Frame | None:
        """Return the newest frame of a queue, waiting up to `timeout_s` seconds for one, or None."""
        deadline = time.monotonic() + timeout_s
        arrival = threading.Event()
        for each in self._queues:
            each.arrival = arrival
        while True:
            arrival.clear()  # before the queues are checked: a later arrival sets it again
            while (oldest := min(self._queues, key=LatestQueue.unread_since)).unread_since() < math.inf:
                frame = oldest.take()
                if frame is not None:
                    return frame
            if not arrival.wait(max(0.0, deadline - time.monotonic())):
                return None
