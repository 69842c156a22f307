"""Text that is safe to show: one printable line, URLs without secrets."""

import re

MAX_URL_LENGTH = 200  # characters of a URL in a log line or a message on the page

# Up to the last @, encoded or not, since a password may contain one; part of a path may be hidden too. Without // the
# text is a mistyped URL.
CREDENTIALS = re.compile(r"(?i)(?:(?<=//)|^(?!.*//)).*(?:@|%40)", re.DOTALL)
PARAMETER = re.compile(r"(?i)([^/?&#;=]+?)(=|%3d)([^&#;]*)")
# Parameters of cameras that are shown. A list of the names of secret parameters could never be complete.
HARMLESS_NAMES = {
    *("bitrate", "camera", "channel", "codec", "compression", "format", "fps", "framerate", "height", "profile"),
    *("quality", "rate", "resolution", "size", "stream", "subtype", "transport", "width"),
}
HARMLESS_VALUE = re.compile(r"[\w.-]{0,20}")


def printable_line(text: str, max_length: int) -> str:
    """Return `text` on one line of at most `max_length` characters, without unprintable ones."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable()).strip()[:max_length]


def redact(uri: str) -> str:
    """Return `uri` with *** for user, password and the values of most parameters, cut to MAX_URL_LENGTH characters."""
    shown = PARAMETER.sub(_hidden, CREDENTIALS.sub("***@", uri))
    return shown if len(shown) <= MAX_URL_LENGTH else shown[: MAX_URL_LENGTH - 1] + "…"


def labelled(label: str | None, message: str) -> str:
    """Return `message` with the name of the camera or the processor that it is about, None for the only one."""
    return f"{label}: {message}" if label else message


def _hidden(parameter: re.Match[str]) -> str:
    name, equals, value = parameter.groups()
    harmless = name.lower() in HARMLESS_NAMES and HARMLESS_VALUE.fullmatch(value)
    return parameter[0] if harmless else f"{name}{equals}***"
