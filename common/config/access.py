"""Who may reach the server without a token."""

import secrets

from common.config.loopback import is_loopback
from common.config.settings import Settings


def access_token(settings: Settings) -> str | None:
    """Return the token that viewers must present, or None if none is required: on loopback, when none was given.

    If a token is required but was not given, each call generates a new one.
    """
    if settings.token is not None:
        return settings.token.get_secret_value()
    return None if is_loopback(settings.host) else secrets.token_urlsafe()
