"""The processor role: loads a model or the user's code, and runs a FrameProcessor with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2

from common.detection.frame_processor import FrameProcessor
from common.detection.live import Live
from common.detection.load_processing import load_processing
from common.detection.loading import load_with_heartbeat
from common.detection.options import ProcessorOptions
from common.detection.tracked import TrackedProcessing
from common.events.spool import Spool
from common.events.writer import EventWriter
from common.interfaces import FrameReader, StopSignal
from common.messaging.base import Message
from common.messaging.event import Event
from common.messaging.messages import ServerMessage, Status
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter
from common.transport import Ingest


def run_processor(options: ProcessorOptions, ingest: Ingest, queue: FrameReader, stop: StopSignal) -> None:
    """Run the role until stop is set.

    Raises ModelError when the model cannot be used, ProcessorError when the user's code cannot be loaded, and
    SettingsError when the execution provider is not installed.
    """
    cv2.setNumThreads(1)  # the same in all implementations, so that comparing them compares threads with processes
    meter, live = Meter(options.role, processor=options.name), Live(options.live)
    handlers: list[Callable[[ServerMessage], None]] = [live.handle]

    def handle(message: ServerMessage) -> None:
        for each in handlers:
            each(message)

    def report(message: Message) -> None:
        named = isinstance(message, Status)
        publisher.send(message.model_copy(update={"processor": options.label}) if named else message)

    publisher = ingest.publisher(handle)
    loaded = load_with_heartbeat(lambda: load_processing(options, live, stop, report), stop)
    if loaded is None:
        return
    process = TrackedProcessing(loaded.process, options.tracking, live, options.name)
    # Before the server sends what viewers chose, which it does when the role connects.
    handlers += [*loaded.handlers, process.handle]
    meter.follow_drop("server", "too many events", lambda: publisher.lost_event_count)
    with event_spool(options, meter) as spool, publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
        for message in loaded.announcements:
            report(message)
        processor = FrameProcessor(process, queue, meter, name=options.name, label=options.label, spool=spool)
        processor.run(publisher, stop)


@contextmanager
def event_spool(options: ProcessorOptions, meter: Meter) -> Iterator[Callable[[Event], None]]:
    """Yield what keeps events for the sinks: a writer of the spool, or nothing without sinks."""
    if options.spool is None:
        yield lambda event: None
        return
    with EventWriter(Spool(options.spool, options.max_events)) as writer:
        meter.follow_drop("spool", "too many events", lambda: writer.lost_count)
        yield writer.write
