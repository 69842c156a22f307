"""The spelling of settings as flags and as environment variables, and suggestions for misspelled ones."""

import difflib
from collections.abc import Callable, Iterable

from common.config.settings import Settings

PREFIX = "VISION_"
SECTIONS = ("cameras", "processors", "sinks", "server", "zenoh")
"""The settings that only a TOML file can hold."""
SIMPLE = tuple(name for name in Settings.model_fields if name not in SECTIONS)
"""The settings that have a flag and an environment variable."""

REPEATED = {"source": "--source", "allowed_origins": "--allow-origin"}
"""The flags that may be given several times."""


def flag(name: str) -> str:
    """Return the flag of a setting: `--ui-fps`."""
    return REPEATED.get(name, f"--{name.replace('_', '-')}")


def variable(name: str) -> str:
    """Return the environment variable of a setting: `VISION_UI_FPS`."""
    return PREFIX + name.upper()


def suggestion(name: str, known: Iterable[str], spell: Callable[[str], str] = str) -> str:
    """Return "; did you mean …?" with the most similar of the `known` names, or "" without a similar one."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {spell(near[0])}?" if near else ""
