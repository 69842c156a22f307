"""Edge Vision: settings → implementation → pipeline; run it, then open the address that it prints."""

import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from common.config.command_line import COMMANDS
from common.config.load import load_settings
from common.config.settings import Settings
from common.errors import HungError, UserError
from common.interfaces import Runtime
from common.model_zoo.resolve import resolve_settings
from common.pipeline import Pipeline, source_name
from common.telemetry.console_log import configure_logging
from common.telemetry.console_stream import drain_console, unblock_console

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: Sequence[str]) -> int:
    """Run the app to its end and return the exit code."""
    try:
        if argv and (module := COMMANDS.get(argv[0])):
            return int(importlib.import_module(module).main(argv[1:]))
        command, settings = load_settings(argv)
        unblock_console()
        configure_logging(logging.getLevelNamesMapping()[settings.log_level.upper()])
        stop_requested = watch_stop_signals()
        settings = resolve_settings(settings)
        pipeline = make_pipeline(command, settings)
        print(start_text(command, settings, pipeline), flush=True)
        if left := pipeline.run(stop_requested):
            raise HungError(f"{', '.join(left)} did not stop")
        ignore_stop_signals()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except HungError as error:
        print(f"error: {error}", file=sys.stderr)
        drain_console()
        os._exit(1)  # a normal exit could wait for the role that hangs
    return 0


def make_pipeline(command: str, settings: Settings) -> Pipeline:
    """Return the pipeline of one implementation, or of both for `compare`."""
    if command == "compare":
        import compare

        return compare.make_pipeline(settings)
    return Pipeline(settings, load_runtime(settings.impl))


def load_runtime(implementation: str) -> Runtime:
    """Import the folder of an implementation."""
    runtime: Runtime = importlib.import_module(f"{implementation}_impl").RUNTIME
    return runtime


def watch_stop_signals() -> Callable[[], bool]:
    """Handle the signals that request a stop, and return a function that tells whether one was received."""
    received: list[int] = []
    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # started by nohup
        # The handler only appends: setting an Event in it can deadlock with the wait that the signal interrupted.
        signal.signal(number, lambda number, _: received.append(number))
    return lambda: bool(received)


def ignore_stop_signals() -> None:
    """Ignore further signals once everything has ended, so that they do not change the exit code."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start_text(command: str, settings: Settings, pipeline: Pipeline) -> str:
    """Return the lines printed at the start: the address to open, and what runs."""
    link, *others = pipeline.links()
    lines = [("Edge Vision", link), *(("  elsewhere", other) for other in others)]
    lines.append(("  implementation", "both, side by side" if command == "compare" else settings.impl))
    lines += one_camera(settings) if len(settings.cameras) == len(settings.processors) == 1 else several(settings)
    width = max(len(name) for name, _ in lines)
    return "\n".join([*(f"{name:{width}}  {value}" for name, value in lines), "Press Ctrl-C to stop."])


def one_camera(settings: Settings) -> list[tuple[str, str]]:
    """Return the lines that describe the camera and the processor."""
    (camera,), (processor,) = settings.cameras, settings.processors
    rates = f"capture {camera.capture_fps:g}, UI {camera.ui_fps:g}, queue {processor.fps:g} FPS"
    return [
        ("  source", source_name(camera.source)),
        ("  model", Path(processor.model).name),
        ("  rates", rates),
    ]


def several(settings: Settings) -> list[tuple[str, str]]:
    """Return a line for each camera and each processor."""
    cameras = [
        (f"  camera {each.name}", f"{source_name(each.source)}, capture {each.capture_fps:g}, UI {each.ui_fps:g} FPS")
        for each in settings.cameras
    ]
    processors = [
        (f"  processor {each.name}", f"{Path(each.model).name}, {each.fps:g} FPS of {', '.join(each.cameras)}")
        for each in settings.processors
    ]
    return cameras + processors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
