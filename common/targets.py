"""What each role runs: functions at module level, so that another process can import them.

A role imports its libraries where it runs: the parent of the processes stays small and starts fast.
"""

import socket
from collections.abc import Sequence

from common.capture.options import ProviderOptions
from common.capture.outputs import ProviderOutput
from common.detection.options import ProcessorOptions
from common.interfaces import FrameMemory, FrameReader, StopSignal
from common.server.options import ServerOptions
from common.sinks.options import SinksOptions
from common.transport import Ingest, Receiver


def serve(options: ServerOptions, public: socket.socket, receiver: Receiver, stop: StopSignal) -> None:
    """Run the UiServer."""
    from common.server.app import run_server

    run_server(options, public, receiver, stop)


def provide(
    options: ProviderOptions,
    ingest: Ingest,
    memory: FrameMemory,
    outputs: Sequence[ProviderOutput],
    stop: StopSignal,
) -> None:
    """Run the FrameProvider."""
    from common.capture.role import run_provider

    run_provider(options, ingest, memory, outputs, stop)


def process(options: ProcessorOptions, ingest: Ingest, reader: FrameReader, stop: StopSignal) -> None:
    """Run the FrameProcessor."""
    from common.detection.role import run_processor

    run_processor(options, ingest, reader, stop)


def send_events(options: SinksOptions, stop: StopSignal) -> None:
    """Run the sinks."""
    from common.sinks.role import run_sinks

    run_sinks(options, stop)
