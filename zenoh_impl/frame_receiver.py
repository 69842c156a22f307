"""The consumer's side of a latest queue: keeps the newest frame that has arrived, and reports which were taken."""

import logging
import math
import threading
import time
from typing import Any

import zenoh

from common.errors import MessageError
from common.frames import Frame
from common.jpeg import decode_jpeg
from common.messaging.messages import unpack_frame
from common.pacing import Throttle

from . import keys
from .link import Link
from .local_time import local_header
from .session import direct

logger = logging.getLogger(__name__)


class FrameReceiver:
    """A subscriber with a callback: the default handler, a FIFO of 256 samples, blocks the network thread when full."""

    def __init__(self, link: Link, name: str) -> None:
        """`name` is that of the queue. Nothing is opened before the first unread_since()."""
        self.arrival = threading.Event()
        self._link = link
        self._name = name
        self._lock = threading.Lock()
        self._subscriber: zenoh.Subscriber[None] | None = None
        self._arrived: bytes | None = None
        self._unread_since = math.inf
        self._invalid_log = Throttle(10)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrameReceiver, (self._link, self._name)

    def unread_since(self) -> float:
        """Return since when (monotonic time) a frame has been there, this one or one that it overwrote.

        Infinity stands for no frame. Nothing is sent before the first call.
        """
        if self._subscriber is None:
            self._subscriber = self._link.session().declare_subscriber(keys.frames(self._name), direct(self._on_frame))
        return self._unread_since

    def take(self) -> Frame | None:
        """Return the frame that has arrived, without blocking, or None, as for a frame that is invalid.

        Raises FrameDroppedError for one that is too old, or of a node whose clock is not known yet.
        """
        with self._lock:
            packed, self._arrived, self._unread_since = self._arrived, None, math.inf
        if packed is None:
            return None
        try:
            header, jpeg = unpack_frame(packed)
            camera, _, consumer = self._name.partition(" to ")
            if consumer and header.camera != camera:
                raise MessageError(f"a frame of camera {header.camera}")
            self._mark_taken(header.frame_id)  # one that is dropped, too: a worker with an unread frame gets no more
            local = local_header(self._link, header)
            frame = Frame(local.camera, local.frame_id, local.captured_at, decode_jpeg(jpeg))
        except MessageError as error:
            if self._invalid_log.due():
                logger.error("invalid frame for the latest queue %s: %s", self._name, error)
            return None
        return frame

    def _mark_taken(self, frame_id: int) -> None:
        self._link.session().put(keys.taken(self._name), str(frame_id))

    def _on_frame(self, sample: zenoh.Sample) -> None:
        with self._lock:
            if self._arrived is None:
                self._unread_since = time.monotonic()
            self._arrived = sample.payload.to_bytes()
        self.arrival.set()
