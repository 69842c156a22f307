"""The hub: what the roles publish meets the viewers here; it keeps the newest of everything, and no history."""

import logging
from collections.abc import Callable
from typing import Protocol

from common.errors import SettingsError
from common.messaging.messages import (
    Detections,
    FrameHeader,
    Hello,
    IngestMessage,
    Message,
    MetricsReport,
    Model,
    SettingChange,
    Stats,
    Status,
)
from common.server.guard.log_limit import OncePerSecond
from common.server.options import ServerOptions
from common.server.stats import StatsBoard
from common.telemetry.meter import Meter

logger = logging.getLogger(__name__)
logger.addFilter(OncePerSecond())


class EncodedFrame:
    """A frame as it came in: checked once, and the same bytes for every viewer."""

    __slots__ = ("header", "jpeg", "packed")

    def __init__(self, header: FrameHeader, jpeg: bytes, packed: bytes) -> None:
        self.header = header
        self.jpeg = jpeg
        self.packed = packed


class Subscriber(Protocol):
    """Whoever takes frames: a viewer, an MJPEG reader, somebody who asked for a snapshot."""

    def offer_frame(self, frame: EncodedFrame) -> None:
        """Take the newest frame, in place of one not yet used. Never waits."""

    def offer_text(self, kind: str, text: str) -> None:
        """Take the newest message of its kind. Never waits."""


class Hub:
    """Everything runs on the server's event loop, so nothing here needs a lock."""

    def __init__(self, options: ServerOptions, meter: Meter) -> None:
        self._options = options
        self._live = options.live
        self._model = Model(name="loading", labels=())
        self._statuses: dict[str, Status] = {}
        self._subscribers: set[Subscriber] = set()
        self._roles: set[Callable[[SettingChange], None]] = set()
        self.meter = meter
        self.stats = StatsBoard()

    def add_subscriber(self, subscriber: Subscriber) -> None:
        """Give `subscriber` what a newcomer must know, then every frame and message."""
        subscriber.offer_text("Hello", self._hello().model_dump_json())
        for status in self._statuses.values():
            subscriber.offer_text(f"Status {status.component}", status.model_dump_json())
        self._subscribers.add(subscriber)
        self._tell_viewer_count()

    def remove_subscriber(self, subscriber: Subscriber) -> None:
        """Forget `subscriber`."""
        self._subscribers.discard(subscriber)
        self._tell_viewer_count()

    def add_role(self, tell: Callable[[SettingChange], None]) -> None:
        """`tell` passes settings to a role that has just connected; it hears the present ones at once."""
        self._roles.add(tell)
        for name, value in self._live.model_dump().items():
            tell(SettingChange(name=name, value=value))
        tell(self._viewer_count())

    def remove_role(self, tell: Callable[[SettingChange], None]) -> None:
        """Forget a role that is gone."""
        self._roles.discard(tell)

    def on_frame(self, frame: EncodedFrame) -> None:
        """A frame for all."""
        for subscriber in self._subscribers:
            subscriber.offer_frame(frame)

    def on_message(self, message: IngestMessage) -> None:
        """A message of a role: for the statistics, for this hub, or for all viewers."""
        match message:
            case MetricsReport():
                self.stats.add(message)
            case Model():
                self._model = message
                self._tell(self._hello())
            case Status():
                self._statuses[message.component] = message
                self.stats.count_status(message)
                self._tell(message, kind=f"Status {message.component}")
            case Detections():
                self._tell(message)

    def on_setting_change(self, setting: SettingChange) -> None:
        """A setting from a viewer: checked, kept, and passed to the roles and to all viewers."""
        try:
            self._live = self._live.changed(setting.name, setting.value)
        except SettingsError as error:
            logger.info("a viewer's setting is refused: %s", error)
            return
        for tell in self._roles:
            tell(setting)
        self._tell(self._hello())

    def current_stats(self) -> Stats:
        """The statistics as they stand now."""
        return self.stats.stats(len(self._subscribers))

    def tell_stats(self) -> None:
        """Pass the statistics to all viewers; called once a second."""
        self.stats.measure_machine()
        self._tell(self.current_stats())

    def problems(self) -> list[str]:
        """Which components are not well. No more than that: it is told without a token."""
        return [f"{status.component} is {status.state}" for status in self._statuses.values() if status.state != "ok"]

    def _tell(self, message: Message, kind: str | None = None) -> None:
        text = message.model_dump_json()
        for subscriber in self._subscribers:
            subscriber.offer_text(kind or type(message).__name__, text)

    def _tell_viewer_count(self) -> None:
        for tell in self._roles:
            tell(self._viewer_count())

    def _viewer_count(self) -> SettingChange:
        return SettingChange(name="viewers", value=len(self._subscribers))

    def _hello(self) -> Hello:
        return Hello(
            implementation=self._options.implementation,
            model=self._model.name,
            source=self._options.source,
            rates=self._options.rates,
            labels=self._model.labels,
            settings=self._live.model_dump(),
        )
