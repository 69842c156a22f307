"""What the server says of the app, and whom it lets in: made in the parent, which imports no web server."""

from dataclasses import dataclass, field

from common.config.settings import LiveSettings
from common.messaging.messages import Rates
from common.server.guard.tls import Tls


@dataclass(frozen=True)
class ServerOptions:
    """`source` is shown to viewers, so it must hold no password. `token` is None where viewers need none.

    `other_port` is where, on the same host, the app listens that this one is compared with: the page of each may open
    the stream of the other. None when there is none. `tls` is None where the public port speaks plain http.
    """

    implementation: str
    source: str
    rates: Rates
    live: LiveSettings
    token: str | None = field(repr=False)
    ingest_token: str = field(repr=False)
    other_port: int | None = None
    tls: Tls | None = None
