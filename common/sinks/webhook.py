"""Sink to an HTTP endpoint: each event is posted as JSON, signed if there is a secret."""

import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from common.config.sinks import WebhookSettings
from common.errors import EventRejectedError, SettingsError, SinkError
from common.messaging.event import Event
from common.sinks.state import State
from common.text import redact

SIGNATURE = "X-Vision-Signature"
TIMESTAMP = "X-Vision-Timestamp"
URL = re.compile(r"https?://[^/?#]", re.IGNORECASE)
# Faults of the request itself (RFC 9110, section 15.5): the same event would get the same answer again.
REJECTED = {400, 413, 414, 415, 422}


class WebhookSink:
    """Posts events, one at a time.

    A status of 2xx acknowledges an event. After one of REJECTED it is omitted; after any other it is posted again.

    With a secret the header X-Vision-Signature is `sha256=` and the HMAC-SHA256 (RFC 2104) in hexadecimal digits of the
    value of X-Vision-Timestamp (Unix time in seconds), a full stop and the body. Redirects are not followed: they
    would carry events to a host that the user did not name.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        """Raises SettingsError for a URL that cannot be used."""
        self.name = settings.name
        self._url = settings.url.get_secret_value()
        if not URL.match(self._url):
            raise SettingsError(f"sink {self.name}: its url is not http://HOST/PATH or https://…")
        self._secret = settings.secret.get_secret_value().encode() if settings.secret else None
        self._thumbnail = settings.thumbnail
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["WebhookConnection"]:
        """Open a session; the endpoint is connected to with the first event."""
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            yield WebhookConnection(session, self._url, self._secret, self._thumbnail)


class WebhookConnection:
    """A session of an HTTP client."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: bytes | None, thumbnail: bool) -> None:
        self._session = session
        self._url = url
        self._secret = secret
        self._excluded = None if thumbnail else {"thumbnail"}

    async def send(self, event: Event) -> None:
        """Post an event. Raises SinkError."""
        body = event.model_dump_json(exclude=self._excluded).encode()
        headers = {"Content-Type": "application/json", "X-Vision-Event": event.event_id}
        if self._secret is not None:
            headers[TIMESTAMP] = str(int(time.time()))
            headers[SIGNATURE] = sign(self._secret, headers[TIMESTAMP], body)
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SinkError(f"{redact(self._url)}: {_cause(error)}") from error
        if status in REJECTED:
            raise EventRejectedError(f"{redact(self._url)}: HTTP status {status}")
        if not 200 <= status < 300:
            raise SinkError(f"{redact(self._url)}: HTTP status {status}")

    async def publish(self, state: State) -> None:
        """States are not posted: an endpoint handles events."""


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a request. See WebhookSink."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _cause(error: Exception) -> str:
    """What went wrong, without the URL, which may hold a password."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.InvalidURL):
        return "not a URL of HTTP"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or "cannot connect"
    return type(error).__name__
