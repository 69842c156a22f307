"""The provider role: opens the source, and runs a FrameProvider on it, or one on each of its two streams."""

import itertools
import time
from collections.abc import Iterator, Sequence
from functools import partial

import cv2

from common.capture.frame_provider import FrameProvider
from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput
from common.capture.reconnect import SourceState
from common.capture.second_source import SecondSource
from common.capture.video_source import VideoSource, open_source
from common.interfaces import FrameMemory, StopSignal
from common.messaging.messages import Status
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter
from common.transport import Ingest


def new_frame_ids() -> Iterator[int]:
    """Return ids that rise across restarts: they start at the milliseconds since boot, and no camera has 1000 FPS."""
    return itertools.count(time.monotonic_ns() // 1_000_000)


def run_provider(
    options: ProviderOptions,
    ingest: Ingest,
    memory: FrameMemory,
    outputs: Sequence[ProviderOutput],
    stop: StopSignal,
) -> None:
    """Run the FrameProvider role from start to end; `memory` is that of the queues in `outputs`.

    Raises SourceError when the source can never be used.
    """
    cv2.setNumThreads(1)  # the same in all implementations, so that comparing them compares threads with processes
    meter, frame_ids = Meter(options.role, camera=options.camera), new_frame_ids()
    main = FrameProvider(options, () if options.detect_source else outputs, meter, frame_ids)
    publisher = ingest.publisher(main.handle)

    def open_camera(uri: str, component: str) -> VideoSource:
        def send_status(state: SourceState, message: str) -> None:
            publisher.send(Status(component=component, camera=options.label, state=state, message=message))

        return open_source(uri, options.capture_fps, send_status, options.start_s, memory, options.label)

    def follow(source: VideoSource, provider: FrameProvider, outputs: Sequence[ProviderOutput]) -> None:
        for name in (output.processor for output in outputs):
            meter.follow_count("overwritten", partial(provider.overwritten_count, name), processor=name)
        meter.follow_drop("provider", "replaced by a newer frame", lambda: source.replaced_count)
        meter.follow_drop("provider", "cannot be decoded", lambda: source.undecodable_count)

    def read_detect_source(thread_stop: StopSignal) -> None:
        provider = FrameProvider(options, outputs, meter, frame_ids)
        with open_camera(options.detect_source or "", "detect source") as source:
            follow(source, provider, outputs)
            provider.run(source, publisher, thread_stop)

    with publisher, open_camera(options.source, "source") as source:
        follow(source, main, () if options.detect_source else outputs)
        meter.follow_count("captured", lambda: main.captured_count)
        meter.follow_drop("server", "socket busy", lambda: publisher.dropped_count)
        meter.follow_gauge("source_fps", lambda: source.fps)
        with Reporter(meter, publisher.send, lambda: publisher.connected):
            if options.detect_source is None:
                main.run(source, publisher, stop)
            else:
                with SecondSource(read_detect_source, stop) as second:
                    main.run(source, publisher, second)
