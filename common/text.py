"""Text that is safe to show: strings of strangers in one line, URLs without their secrets."""

import re

LONGEST = 200  # characters of a URL that fit a log line and a message on the page

# To the last @, also one that is encoded as a part of it: hiding a bit of the path beats showing a password. Without
# // it is a URL that was mistyped.
CREDENTIALS = re.compile(r"(?i)(?:(?<=//)|^(?!.*//)).*(?:@|%40)", re.DOTALL)
PARAMETER = re.compile(r"(?i)([^/?&#;=]+?)(=|%3d)([^&#;]*)")
# What cameras are asked for. A list of the names that passwords go by could never be complete.
HARMLESS_NAMES = {
    *("bitrate", "camera", "channel", "codec", "compression", "format", "fps", "framerate", "height", "profile"),
    *("quality", "rate", "resolution", "size", "stream", "subtype", "transport", "width"),
}
HARMLESS_VALUE = re.compile(r"[\w.-]{0,20}")


def plain(text: str, longest: int) -> str:
    """`text` in one line and at most `longest` characters, without any that cannot be printed."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable()).strip()[:longest]


def redact(uri: str) -> str:
    """`uri` with *** for user and password, and for the values of all parameters but a few, cut to 200 characters."""
    shown = PARAMETER.sub(_hidden, CREDENTIALS.sub("***@", uri))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _hidden(parameter: re.Match[str]) -> str:
    name, equals, value = parameter.groups()
    harmless = name.lower() in HARMLESS_NAMES and HARMLESS_VALUE.fullmatch(value)
    return parameter[0] if harmless else f"{name}{equals}***"
