"""From the command line, the environment and a TOML file to checked settings."""

import argparse
import difflib
import os
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from common.config.settings import Settings, fault_sentence, limits
from common.errors import SettingsError
from common.text import plain

COMMANDS = ("run", "compare")
# Commands with arguments of their own, and the module whose main() takes them.
FIRST_WORDS = {"bench": "benchmark.command", "models": "common.model_zoo.command"}
PREFIX = "VISION_"
DEFAULT_FILE = Path("vision.toml")
KNOWN = (*Settings.model_fields, "config")
PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"

# The order of --help: group, setting, and what its value is called there.
HELP: dict[str, dict[str, str]] = {
    "what to run": {"impl": "NAME"},
    "video": {"source": "PATH|URL|INDEX"},
    "rates, in frames a second": {"capture_fps": "FPS", "ui_fps": "FPS", "queue_fps": "FPS"},
    "model": {"model": "NAME|PATH", "min_score": "SCORE"},
    "serving": {
        "host": "ADDRESS",
        "port": "PORT",
        "token": "TEXT",
        "tls_cert": "FILE",
        "tls_key": "FILE",
        "jpeg_quality": "PERCENT",
        "log_level": "LEVEL",
    },
    "experiments on the GIL": {"python_work_ms": "MS", "infer_repeat": "TIMES", "session_per_frame": ""},
}

EXAMPLES = """\
examples:
  python main.py                                    the sample road, in processes
  python main.py --impl threading --source 0        the first webcam, in threads
  python main.py compare                            both side by side, and the load under your hand
  python main.py --source road.mp4 --ui-fps 30 --queue-fps 10 --model models/mine.onnx
  python main.py bench --quick                      measure processes and threads; bench --help tells more
  python main.py models list                        the models that can be fetched; models fetch NAME fetches one

A flag overrides its environment variable, which overrides the same name in the TOML file (ui_fps = 30).
"""


def load_settings(argv: Sequence[str]) -> tuple[str, Settings]:
    """The command, and the settings after flags, environment, TOML file and defaults, in this order.

    Raises SettingsError, whose one line says what is wrong and where; SystemExit after --help and --version.
    """
    given, words = _parse(argv)
    command, *rest = words or [COMMANDS[0]]
    if command in FIRST_WORDS:
        raise SettingsError(f"{command} must be the first word")
    if command not in COMMANDS:
        raise SettingsError(f"{_shown(command)} is not a command; choose from {', '.join((*COMMANDS, *FIRST_WORDS))}")
    if rest:
        raise SettingsError(f"{_shown(rest[0])} belongs to no option")
    file = _settings_file(given.pop("config", None))
    _refuse_unknown_variables()
    try:
        loaded = _sources(file)(**given)
    except ValidationError as error:
        raise SettingsError(_located(error, given, file)) from error
    except (ValueError, RecursionError) as error:  # of tomllib: no TOML, no text, an endless number, nested too deep
        raise SettingsError(f"{file}: not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    return command, Settings(**loaded.model_dump())


def _sources(file: Path | None) -> type[BaseSettings]:
    class Sources(Settings, BaseSettings):
        """Settings that also look for their values in the environment and in `file`."""

        # An empty variable counts as none: that is how a compose file hands on what was not set.
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, toml_file=file)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    return Sources


class Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and end the program."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message.removeprefix("argument "))


def _parse(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The flags that were given, as text by setting, and the words that are no flag."""
    given, words = _parser().parse_known_args(argv)
    for word in words:
        if word.startswith("-"):
            flag = word.partition("=")[0]
            raise SettingsError(f"unknown option {plain(flag, 80)}{_guess(flag.strip('-').replace('-', '_'), _flag)}")
    return vars(given), words


def _parser() -> argparse.ArgumentParser:
    """A flag for each setting. Only what was given ends up in the result, as text: pydantic checks it."""
    parser = Parser(
        prog="main.py",
        usage=f"python main.py [{'|'.join((*COMMANDS, *FIRST_WORDS))}] [options]",
        description="A road, live, with boxes on its vehicles: open the address that is printed.",
        epilog=EXAMPLES,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26),
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    for title, settings in HELP.items():
        group = parser.add_argument_group(title)
        for name, value in settings.items():
            if value:
                group.add_argument(_flag(name), metavar=value, help=_help(name))
            else:
                group.add_argument(_flag(name), action=argparse.BooleanOptionalAction, help=_help(name))
    group = parser.add_argument_group("more")
    group.add_argument(
        "--config",
        metavar="FILE",
        help=f"TOML file with settings by name [{DEFAULT_FILE} where there is one; {_variable('config')}]",
    )
    group.add_argument("--version", action="version", version=_version(), help="show the version and end")
    group.add_argument("--help", "-h", action="help", help="show this and end")
    return parser


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    allowed = limits(field)
    default = {"False": "off", "None": "none"}.get(str(field.default), field.default)
    return f"{field.description}{allowed and f' ({allowed})'} [{default}; {_variable(name)}]"


def _version() -> str:
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])


def _settings_file(flag: str | None) -> Path | None:
    named = flag or os.environ.get(_variable("config"))
    if not named:
        return DEFAULT_FILE if DEFAULT_FILE.exists() else None
    if not Path(named).is_file():
        raise SettingsError(f"{'--config' if flag else _variable('config')}: there is no file {named!r}")
    return Path(named)


def _variables() -> dict[str, str]:
    """The environment variables that are ours, as they are spelled there, and the setting that each is for."""
    return {
        variable: variable.upper().removeprefix(PREFIX).lower()
        for variable, value in os.environ.items()
        if variable.upper().startswith(PREFIX) and value
    }


def _refuse_unknown_variables() -> None:
    for variable, name in _variables().items():
        if name not in KNOWN:
            raise SettingsError(f"unknown environment variable {variable}{_guess(name, _variable)}")


def _located(error: ValidationError, given: dict[str, Any], file: Path | None) -> str:
    """The first fault, with the flag, variable or line that it came by."""
    fault = error.errors()[0]
    if not fault["loc"]:
        return fault_sentence(fault)
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return f"{file}: unknown setting {name!r}{_guess(name, str)}"
    variables = {setting: variable for variable, setting in _variables().items()}
    where = _flag(name) if name in given else variables.get(name, f"{file}: {name}")
    return f"{where}: {fault_sentence(fault)}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _guess(name: str, spelled: Callable[[str], str]) -> str:
    near = difflib.get_close_matches(name, KNOWN, n=1)
    return f"; did you mean {spelled(near[0])}?" if near else ""


def _shown(word: str) -> str:
    return "a URL without --source" if "://" in word or "@" in word else repr(word)  # a URL may carry a password
