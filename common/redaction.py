"""What may be shown of a URL: no user, no password, no token."""

import re

LONGEST = 200  # characters of a URL that fit a log line and a message on the page

CREDENTIALS = re.compile(r"(?<=//).*@", re.DOTALL)  # to the last @: hiding a bit of the path beats showing a password
SECRET = re.compile(r"(?i)(?<![\w.-])([\w.-]*(?:token|key|pass|pwd|secret|auth|sig)[\w.-]*=)[^&#]*")


def redact(uri: str) -> str:
    """`uri` with *** for user, password, and the values of tokens and keys, cut to 200 characters."""
    shown = SECRET.sub(r"\1***", CREDENTIALS.sub("***@", uri))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
