"""Who may reach the server without a token."""

import ipaddress
import secrets

from common.config.settings import Settings


def access_token(settings: Settings) -> str | None:
    """Return the token that viewers must present, or None if none is required: on loopback, when none was given.

    If a token is required but was not given, each call generates a new one.
    """
    if settings.token is not None:
        return settings.token.get_secret_value()
    return None if is_loopback(settings.host) else secrets.token_urlsafe()


def is_loopback(host: str) -> bool:
    """Return whether `host`, a name or an address, can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
