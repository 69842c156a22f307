"""The messages of a role that wait to be sent to the server."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from common.messaging.base import Message
from common.messaging.event import Event
from common.messaging.messages import FrameHeader, Model, Status, kind_of, pack_frame
from common.messaging.report import MetricsReport

MAX_EVENTS = 100  # that wait to be sent; with thumbnails, a few MB


class Outbox:
    """Per kind of message only the newest unsent one is kept; replaced ones are counted.

    Events are kept in order; the oldest of more than MAX_EVENTS are lost, and counted. An unsent MetricsReport is added
    to the next one. A Model and the last Status of each component are sent again after connect(): a restarted server
    knows neither. While the server is not connected, no other message is kept. Roles and the thread that sends use it
    at once.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        """`wake` is called when there is something to take. It must not block, and is not called after disconnect()."""
        self._wake = wake
        self._lock = threading.Lock()
        self._pending: dict[str, bytes | str] = {}
        self._lasting: dict[str, str] = {}
        self._reports: dict[str, MetricsReport] = {}
        self._events: deque[str] = deque()
        self.connected = False
        self.dropped_count = 0
        self.lost_event_count = 0

    def connect(self) -> None:
        """Keep messages from now on, and put those that last."""
        with self._lock:
            self.connected = True
        self.repeat()
        self._wake()

    def repeat(self) -> None:
        """Put what lasts again, while the server is connected."""
        with self._lock:
            if self.connected:
                self._pending |= self._lasting

    def disconnect(self) -> None:
        """Drop what is unsent, but events and reports: it would be old when the server is back."""
        with self._lock:
            self._pending.clear()
            self.connected = False

    def put_frame(self, header: FrameHeader, jpeg: bytes) -> None:
        """Put a frame in place of an unsent one."""
        self._put("Tile" if header.tile else "Frame", pack_frame(header, jpeg))

    def put(self, message: Message) -> None:
        """Put a message in place of an unsent one of its kind; an Event behind the unsent ones, a report with them."""
        kind = kind_of(message)
        if isinstance(message, MetricsReport):
            self._put_report(kind, message)
            return
        text = message.model_dump_json(exclude_none=True)
        if isinstance(message, Event):
            self._put_event(text)
            return
        if isinstance(message, Model | Status):
            with self._lock:
                self._lasting[kind] = text
        self._put(kind, text)

    def take_all(self) -> Iterator[tuple[str, bytes | str]]:
        """Yield kind and data of the unsent messages, frames as bytes, and remove them.

        An event is removed once the next message is asked for.
        """
        with self._lock:
            taken, self._pending = self._pending, {}
            reports, self._reports = self._reports, {}
        yield from taken.items()
        for kind, report in reports.items():
            yield kind, report.model_dump_json(exclude_none=True)
        while self._events:
            event = self._events[0]
            yield "Event", event
            with self._lock:
                if self._events and self._events[0] is event:
                    self._events.popleft()

    def _put_event(self, text: str) -> None:
        with self._lock:
            if len(self._events) >= MAX_EVENTS:
                self._events.popleft()
                self.lost_event_count += 1
            self._events.append(text)
            if self.connected:
                self._wake()

    def _put_report(self, kind: str, report: MetricsReport) -> None:
        with self._lock:
            unsent = self._reports.get(kind)
            self._reports[kind] = report.after(unsent) if unsent else report
            if self.connected:
                self._wake()

    def _put(self, kind: str, data: bytes | str) -> None:
        with self._lock:
            if not self.connected:
                return
            self.dropped_count += kind in self._pending
            self._pending[kind] = data
            self._wake()
