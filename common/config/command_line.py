"""The command line: its subcommands, its flags and their help."""

import argparse
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from common.config.faults import limits
from common.config.settings import Settings
from common.config.spelling import REPEATED, SIMPLE, flag, suggestion, variable
from common.errors import SettingsError
from common.text import printable_line

DEFAULT_FILE = Path("vision.toml")
PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"

COMMANDS: dict[str, str | None] = {
    "run": None,
    "compare": None,
    "bench": "benchmark.command",
    "models": "common.model_commands.command",
    "certificates": "common.certificates.command",
}
"""The subcommands. A command with arguments of its own must be the first word, and its module has a `main(argv)`."""

# The order of --help: group, setting, and the name of its value.
HELP: dict[str, dict[str, str]] = {
    "implementation": {"impl": "NAME", "node": "NAME"},
    "video": {"source": "[NAME=]SOURCE"},
    "rates, in frames a second": {"capture_fps": "FPS", "ui_fps": "FPS", "queue_fps": "FPS"},
    "model": {
        "model": "NAME|PATH",
        "processor": "FILE.py:NAME",
        "reload": "",
        "min_score": "SCORE",
        "input_size": "PIXELS",
        "provider": "NAME",
        "device": "NAME",
        "cache_folder": "FOLDER",
    },
    "server": {
        "host": "ADDRESS",
        "port": "PORT",
        "token": "TEXT",
        "tls_cert": "FILE",
        "tls_key": "FILE",
        "allowed_origins": "ORIGIN",
        "allow_save": "",
        "ui_width": "PIXELS",
        "jpeg_quality": "PERCENT",
        "log_level": "LEVEL",
    },
    "events": {"event_file": "FILE", "keep_events": "COUNT"},
    "experiments on the GIL": {"python_work_ms": "MS", "infer_repeat": "COUNT", "session_per_frame": ""},
}

EXAMPLES = """\
examples:
  python main.py                                    the bundled clip, in processes
  python main.py --impl threading --source 0        the first webcam, in threads
  python main.py compare                            both side by side, with an adjustable load
  python main.py --source road.mp4 --ui-fps 30 --queue-fps 10 --model models/mine.onnx
  python main.py --source gate=rtsp://… --source yard=0   several cameras, each with a name
  python main.py bench --quick                      measure processes and threads; see bench --help
  python main.py models list                        the models that models fetch NAME can download
  python main.py certificates hub=hub.local gate    a private authority, and certificates of two nodes

A flag overrides its environment variable, which overrides the same name in the TOML file (ui_fps = 30).
Several cameras and processors are configured in the file: see vision.example.toml. Flags do not override what one of
them states for itself.
"""

# Before the first "=", without a character of a path or URL: ./a=b.mp4 is a file.
NAMED_SOURCE = re.compile(r"([^=/:?@&]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class CommandLine:
    """The arguments. `settings` are those given as flags, unchecked: text, True or False."""

    command: str
    config: str | None
    print_settings: bool
    settings: dict[str, Any]


class Parser(argparse.ArgumentParser):
    """Raises SettingsError where argparse prints its usage and exits."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message.removeprefix("argument "))


def parse(argv: Sequence[str]) -> CommandLine:
    """Parse the arguments of the app.

    Raises SettingsError for an unknown flag or command, and SystemExit after --help and --version.
    """
    options, words = _parser().parse_known_args(argv)
    given = vars(options)
    for word in words:
        if word.startswith("-"):
            unknown = word.partition("=")[0]
            near = suggestion(unknown.strip("-").replace("-", "_"), (*SIMPLE, "config"), flag)
            raise SettingsError(f"unknown option {printable_line(unknown, 80)}{near}")
    command, *rest = words or [next(iter(COMMANDS))]
    if COMMANDS.get(command):
        raise SettingsError(f"{command} must be the first word")
    if command not in COMMANDS:
        raise SettingsError(f"{_shown(command)} is not a command; choose from {', '.join(COMMANDS)}")
    if rest:
        raise SettingsError(f"unexpected argument {_shown(rest[0])}")
    if command == "compare" and "impl" in given:
        raise SettingsError("--impl: compare runs multiprocessing and threading")
    return CommandLine(
        command,
        config=given.pop("config", None),
        print_settings=given.pop("print_settings", False),
        settings=_cameras(given.pop("source", [])) | given,
    )


def _cameras(sources: Sequence[str]) -> dict[str, Any]:
    """Return the settings that the values of --source mean: `source` for one without a name, else `cameras`."""
    named = [NAMED_SOURCE.fullmatch(source) for source in sources]
    if len(sources) == 1 and named[0] is None:
        return {"source": sources[0]}
    if None in named:
        raise SettingsError("--source: several cameras need a name each: --source gate=rtsp://… --source yard=0")
    cameras = [{"name": match[1], "source": match[2]} for match in named if match]
    return {"cameras": cameras} if cameras else {}


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="main.py",
        usage=f"python main.py [{'|'.join(COMMANDS)}] [options]",
        description="Show live video with the objects that a model detects, on the web page whose address is printed.",
        epilog=EXAMPLES,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26),
        argument_default=argparse.SUPPRESS,  # only flags that were given, to distinguish them from defaults
        allow_abbrev=False,
        add_help=False,
    )
    for title, settings in HELP.items():
        group = parser.add_argument_group(title)
        for name, value in settings.items():
            if name in REPEATED:
                group.add_argument(flag(name), dest=name, metavar=value, help=_help(name), action="append")
            elif value:
                group.add_argument(flag(name), metavar=value, help=_help(name))
            else:
                group.add_argument(flag(name), action=argparse.BooleanOptionalAction, help=_help(name))
    group = parser.add_argument_group("more")
    group.add_argument(
        "--config",
        metavar="FILE",
        help=f"TOML file with settings by name [{DEFAULT_FILE} if it exists; {variable('config')}]",
    )
    group.add_argument(
        "--print-settings", action="store_true", help="print the settings in force as TOML, without secrets, and exit"
    )
    group.add_argument("--version", action="version", version=_version(), help="print the version and exit")
    group.add_argument("--help", "-h", action="help", help="print this help and exit")
    return parser


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    allowed = limits(field)
    default = {"False": "off", "None": "none", "()": "none"}.get(str(field.default), field.default)
    return f"{field.description}{allowed and f' ({allowed})'} [{default}; {variable(name)}]"


def _version() -> str:
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])


def _shown(word: str) -> str:
    """Return a word that belongs to no flag, unless it may contain a password."""
    return "(a URL without --source)" if "://" in word or "@" in word else repr(word)
