"""The hub: distributes what the roles publish to all subscribers, and settings to the roles."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from common.config.regions import RegionSettings, checked_regions
from common.errors import SettingsError
from common.messaging.event import Event
from common.messaging.info import NodeInfo, ProcessorInfo
from common.messaging.messages import (
    Change,
    Detections,
    Hello,
    Model,
    ModelChange,
    ServerMessage,
    SettingChange,
    Stats,
    Status,
    ViewerCount,
    kind_of,
    parse_ingest,
)
from common.messaging.regions import RegionsChange
from common.messaging.report import MetricsReport, Subject
from common.server.encoded_frame import EncodedFrame
from common.server.event_history import EventHistory
from common.server.guard.log_limit import LimitByMessage
from common.server.newest_detections import NewestDetections
from common.server.options import ServerOptions
from common.server.prometheus import findings_text, nodes_text
from common.server.readiness import Readiness, readiness
from common.server.stats import StatsBoard
from common.server.viewer_frames import ViewerFrames
from common.telemetry.meter import Meter
from common.text import printable_line

logger = logging.getLogger(__name__)
logger.addFilter(LimitByMessage())

SendToRole = Callable[[ServerMessage], None]


class Subscriber(Protocol):
    """A receiver of frames and messages: a viewer, a reader of the MJPEG stream, a request for a snapshot."""

    cameras: frozenset[str]
    """The cameras whose frames and detections are sent to it."""
    takes_frames: bool
    """Whether frames are encoded for it and sent to it."""
    tile_width: int | None
    """The width in pixels at which it shows its cameras as tiles; None for full frames."""

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put the newest frame in place of an unsent one. Never blocks."""

    def put_text(self, kind: str, text: str) -> None:
        """Put the newest message of its kind in place of an unsent one. Never blocks."""

    def put_event(self, text: str) -> None:
        """Put an event behind the unsent ones. Never blocks."""


class Hub:
    """Keeps the newest state, and the newest events. Used only on the server's event loop, so it needs no lock."""

    def __init__(self, options: ServerOptions, meter: Meter) -> None:
        self._options = options
        self.cameras = tuple(camera.name for camera in options.cameras)
        self.processors = tuple(each.name for each in options.processors)
        self._live = options.live
        self._changes: dict[str, SettingChange] = {}
        self._model_changes: dict[str | None, ModelChange] = {}  # by processor; None: for all
        self._regions: dict[str, RegionsChange] = {}
        self._processors = {each.name: each for each in options.processors}
        self._statuses: dict[str, Status] = {}
        self._subscribers: set[Subscriber] = set()
        self._tile_widths: dict[str, int] = {}  # of the widest tile, by camera
        self._roles: set[SendToRole] = set()
        self._viewer_frames = ViewerFrames(options.detect_sources)
        self.meter = meter
        pairs = [Subject(camera, each.name) for each in options.processors for camera in each.cameras]
        self.stats = StatsBoard(cameras=self.cameras, pairs=pairs)
        self.events = EventHistory()
        self.nodes: Callable[[], dict[str, NodeInfo]] = dict
        rates = {each.name: each.fps for each in options.processors}
        self.detections = NewestDetections(frozenset(self.cameras), rates)

    def add_subscriber(self, subscriber: Subscriber) -> None:
        """Send `subscriber` the current state, and from now on every frame and message."""
        subscriber.put_text("Hello", self._hello().model_dump_json())
        for kind, status in self._statuses.items():
            subscriber.put_text(kind, status.model_dump_json(exclude_none=True))
        self._subscribers.add(subscriber)
        self.count_viewers()

    def remove_subscriber(self, subscriber: Subscriber) -> None:
        """Send `subscriber` nothing more."""
        self._subscribers.discard(subscriber)
        self.count_viewers()

    def count_viewers(self) -> None:
        """Send the roles the viewer count; called when a subscriber watches other cameras, or at another width."""
        self._tile_widths = {}
        for each in self._subscribers:
            if each.takes_frames and each.tile_width is not None:
                for name in each.cameras.intersection(self.cameras):
                    self._tile_widths[name] = max(each.tile_width, self._tile_widths.get(name, 0))
        self._send_to_roles(self._viewer_count())

    def add_role(self, send: SendToRole) -> None:
        """Send a role that has connected the settings that were changed and the viewer count, and every change to come.

        The other settings are those with which the role was started, which may differ from processor to processor.
        """
        self._roles.add(send)
        for change in self._changes.values():
            send(change)
        for model_change in self._model_changes.values():
            send(model_change)
        for regions in self._regions.values():
            send(regions)
        send(self._viewer_count())

    def remove_role(self, send: SendToRole) -> None:
        """Send this role nothing more."""
        self._roles.discard(send)

    def handle_frame(self, packed: bytes) -> None:
        """Forward a frame message from a role. Raises MessageError."""
        frame = EncodedFrame(packed)
        self._viewer_frames.add(frame.header)
        fits_tiles = frame.header.width <= self._tile_widths.get(frame.header.camera, 0)
        for subscriber in self._watching(frame.header.camera):
            is_suitable = not frame.header.tile if subscriber.tile_width is None else fits_tiles
            if is_suitable and subscriber.takes_frames:
                subscriber.put_frame(frame)

    def count_drops(self, cause: str, count: int, camera: str) -> None:
        """Count frames of a camera that were sent and did not reach the server, or not in time."""
        self.meter.drop("server", cause, count, camera=camera)

    def handle_message(self, text: str) -> None:
        """Validate a text message from a role, then keep it or forward the same text. Raises MessageError."""
        message = parse_ingest(text)
        match message:
            case MetricsReport():
                self.stats.add(message)
            case Model():
                self._add_model(message)
                self._broadcast("Hello", self._hello().model_dump_json())
            case Status():
                self._statuses[kind_of(message)] = message
                self.stats.count_status(message)
                self._broadcast(kind_of(message), text)
            case Detections():
                self.stats.count_result(message)
                if (frame_id := self._viewer_frames.nearest(message.camera, message.captured_at)) is not None:
                    message = message.model_copy(update={"frame_id": frame_id})
                    text = message.model_dump_json(exclude_none=True)
                self.detections.add(message, text)
                for subscriber in self._watching(message.camera):
                    subscriber.put_text(kind_of(message), text)
            case Event():
                if self.events.add(message, text):
                    for subscriber in self._watching(message.camera):
                        subscriber.put_event(text)

    def change(self, change: Change) -> None:
        """Check a change from a viewer of any server, then keep it. Raises SettingsError for regions."""
        match change:
            case SettingChange():
                self.change_setting(change)
            case ModelChange():
                self.change_model(change)
            case RegionsChange():
                self.change_regions(change)

    def change_setting(self, change: SettingChange) -> None:
        """Validate a setting from a viewer, then keep it and send it to all roles and viewers."""
        try:
            self._live = self._live.changed(change.name, change.value)
        except SettingsError as error:
            logger.info("invalid setting from a viewer: %s", error)
            return
        self._changes[change.name] = change
        self._send_to_roles(change)
        self._broadcast("Hello", self._hello().model_dump_json())

    def change_model(self, change: ModelChange) -> None:
        """Check the names in a change from a viewer, then keep it and send it to all roles."""
        running = [each.name for each in self._processors.values() if each.has_model]
        if change.model not in self._options.models or change.processor not in (None, *running):
            logger.info("a viewer asked for a model that is not in models/, or for a processor that runs none")
            return
        if change.processor is None:
            self._model_changes.clear()
        self._model_changes[change.processor] = change
        self._send_to_roles(change)

    def regions(self, processor: str) -> RegionSettings:
        """Return the lines and zones of a processor that are in force. Raises SettingsError for an unknown name."""
        return checked_regions(self._processor(processor).model_dump(include={"lines", "zones"}))

    def change_regions(self, change: RegionsChange) -> None:
        """Check the lines and zones that a viewer drew, then keep them and send them to all roles and viewers.

        Raises SettingsError.
        """
        known = self._processor(change.processor)
        checked_regions(change.model_dump(include={"lines", "zones"}))
        self._processors[known.name] = known.model_copy(update={"lines": change.lines, "zones": change.zones})
        self._regions[known.name] = change
        self._send_to_roles(change)
        self._broadcast("Hello", self._hello().model_dump_json())

    def current_stats(self, camera: str | None = None) -> Stats:
        """Return the statistics of this moment, of one camera or of all."""
        watching = self._subscribers if camera is None else list(self._watching(camera))
        return self.stats.stats(len(watching), camera).model_copy(update={"nodes": self.nodes()})

    def broadcast_stats(self) -> None:
        """Send the statistics to all viewers; called once a second."""
        self.stats.measure_machine()
        self._broadcast("Stats", self.current_stats().model_dump_json())

    def prometheus_text(self) -> bytes:
        """Return the statistics in the exposition format of Prometheus."""
        parts = findings_text(self.detections), nodes_text(self.nodes())
        return self.stats.prometheus_text(len(self._subscribers)) + b"".join(parts)

    def readiness(self) -> Readiness:
        """Return whether every camera and every processor works."""
        return readiness(self.stats, self._options.cameras, self._options.processors, self._statuses.values())

    def _watching(self, camera: str) -> Iterator[Subscriber]:
        return (subscriber for subscriber in self._subscribers if camera in subscriber.cameras)

    def _processor(self, name: str) -> ProcessorInfo:
        """Return a processor. Raises SettingsError, which lists the names, for another name."""
        if name not in self._processors:
            known = ", ".join(self._processors)
            raise SettingsError(f"no processor {printable_line(name, 80)}; the processors are {known}")
        return self._processors[name]

    def _broadcast(self, kind: str, text: str) -> None:
        for subscriber in self._subscribers:
            subscriber.put_text(kind, text)

    def _send_to_roles(self, message: ServerMessage) -> None:
        for send in self._roles:
            send(message)

    def _viewer_count(self) -> ViewerCount:
        viewers = [each.cameras for each in self._subscribers if each.takes_frames and each.tile_width is None]
        cameras = {name: sum(name in each for each in viewers) for name in self.cameras}
        return ViewerCount(count=len(viewers), cameras=cameras if len(cameras) > 1 else None, tiles=self._tile_widths)

    def _add_model(self, model: Model) -> None:
        known = self._processors.get(model.processor)
        if known is not None:
            loaded = {"model": model.name, "labels": model.labels}
            self._processors[model.processor] = known.model_copy(update=loaded)

    def _hello(self) -> Hello:
        processors = tuple(self._processors.values())
        return Hello(
            implementation=self._options.implementation,
            model=processors[0].model if processors else "loading",
            source=self._options.source,
            rates=self._options.rates,
            labels=tuple(dict.fromkeys(label for each in processors for label in each.labels)),
            settings=self._live.model_dump(),
            models=self._options.models,
            cameras=self._options.cameras,
            processors=processors,
            may_save=self._options.settings_file is not None,
        )
