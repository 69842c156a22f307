"""Edge Vision: settings → implementation → pipeline; run it, then open the address that it prints."""

import signal

# Importing the rest takes half a second. Until a handler is installed, Ctrl-C ends the program without a traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

if (folder := str(Path(__file__).resolve().parent)) not in sys.path:
    sys.path.insert(0, folder)  # PYTHONSAFEPATH omits it

from common.startup import flush_output, prepare

prepare()

from common.config.command_line import COMMANDS
from common.config.load import load_settings
from common.config.settings import Settings
from common.errors import HungError, UserError
from common.interfaces import Runtime
from common.model_zoo.resolve import resolve_settings
from common.native_threads import end_beside_native_threads
from common.pipeline import Pipeline
from common.start_text import start_text
from common.telemetry.console_log import configure_logging
from common.telemetry.console_stream import drain_console, unblock_console
from common.telemetry.memory_probe import end_without_memory

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: Sequence[str]) -> int:
    """Run the command and return the exit code."""
    try:
        try:
            return run_command(argv)
        finally:
            flush_output()
    except UserError as error:
        print_error(error)
        return 2
    except HungError as error:
        print_error(error)
        drain_console()
        os._exit(1)  # a normal exit could wait for the role that hangs


def run_command(argv: Sequence[str]) -> int:
    """Run a subcommand, or the app until a stop is requested. Raises UserError and HungError."""
    if argv and (module := COMMANDS.get(argv[0])):
        command_main = importlib.import_module(module).main
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return int(command_main(argv[1:]))
    command, settings, file = load_settings(argv)
    unblock_console()
    end_without_memory()
    configure_logging(logging.getLevelNamesMapping()[settings.log_level.upper()])
    stop_requested = watch_stop_signals()
    settings = resolve_settings(settings)
    pipeline = make_pipeline(command, settings, file)
    text = start_text(command, settings, pipeline.links())
    if left := pipeline.run(stop_requested, lambda: print(text)):
        raise HungError(f"{', '.join(left)} did not stop")
    ignore_stop_signals()
    return 0


def print_error(error: Exception) -> None:
    """Print an error in one line, unless standard error cannot be written."""
    with suppress(OSError):
        print(f"error: {error}", file=sys.stderr)


def make_pipeline(command: str, settings: Settings, file: Path | None) -> Pipeline:
    """Return the pipeline of one implementation, or of both for `compare`. `file` is the settings file."""
    if command == "compare":
        import compare

        return compare.make_pipeline(settings)
    return Pipeline(settings, load_runtime(settings), settings_file=file if settings.allow_save else None)


def load_runtime(settings: Settings) -> Runtime:
    """Import the folder of the implementation. Raises SettingsError."""
    runtime: Runtime = importlib.import_module(f"{settings.impl}_impl").runtime(settings)
    return runtime


def watch_stop_signals() -> Callable[[], bool]:
    """Handle the signals that request a stop, and return a function that returns whether one was received."""
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


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    end_beside_native_threads(exit_code)
    sys.exit(exit_code)
