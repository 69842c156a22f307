"""Edge Vision: settings → implementation → pipeline; run it, then open the address that it prints."""

import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from common.config.command_line import FIRST_WORDS, load_settings
from common.config.settings import Settings
from common.errors import HungError, UserError
from common.interfaces import Runtime
from common.pipeline import Pipeline
from common.telemetry.console_log import configure_logging

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: Sequence[str]) -> int:
    """Run the app to its end; returns the exit code."""
    try:
        if argv and argv[0] in FIRST_WORDS:
            return int(importlib.import_module(FIRST_WORDS[argv[0]]).main(argv[1:]))
        command, settings = load_settings(argv)
        configure_logging(logging.getLevelNamesMapping()[settings.log_level.upper()])
        asked_to_stop = note_stop_signals()
        pipeline = make_pipeline(command, settings)
        print(start_text(command, settings, pipeline), flush=True)
        if left := pipeline.run(asked_to_stop):
            raise HungError(f"{', '.join(left)} did not stop")
        ignore_stop_signals()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except HungError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # Python's own end could wait for what hangs
    return 0


def make_pipeline(command: str, settings: Settings) -> Pipeline:
    """What the command runs: one implementation, or both side by side."""
    if command == "compare":
        import compare

        return compare.make_pipeline(settings)
    return Pipeline(settings, load_runtime(settings.impl))


def load_runtime(implementation: str) -> Runtime:
    """The folder of an implementation, as the rest of the app sees it."""
    runtime: Runtime = importlib.import_module(f"{implementation}_impl").RUNTIME
    return runtime


def note_stop_signals() -> Callable[[], bool]:
    """Take Ctrl-C and its like as a wish to stop; the function returned says whether one came."""
    asked: list[int] = []
    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # started by nohup, to outlive its terminal
        # Only noted here: to set an event in a handler can deadlock with the wait that the signal interrupted.
        signal.signal(number, lambda received, _: asked.append(received))
    return lambda: bool(asked)


def ignore_stop_signals() -> None:
    """When all has ended, a further signal must not turn a good end into a bad one."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start_text(command: str, settings: Settings, pipeline: Pipeline) -> str:
    """What a user wants to know first: where to look, and what runs."""
    implementation = "both, side by side" if command == "compare" else settings.impl
    link, *others = pipeline.links()
    elsewhere = "".join(f"  elsewhere       {other}\n" for other in others)
    return f"""Edge Vision       {link}
{elsewhere}\
  implementation  {implementation}
  source          {pipeline.source_name}
  model           {pipeline.model_name}
  rates           capture {settings.capture_fps:g}, UI {settings.ui_fps:g}, queue {settings.queue_fps:g} FPS
Ctrl-C ends it."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
