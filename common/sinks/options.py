"""Options of the sinks role."""

from dataclasses import dataclass
from pathlib import Path

from common.config.sinks import SinkSettings
from common.transport import Ingest


@dataclass(frozen=True)
class SinksOptions:
    """`spool` is the file with the events, of which it keeps the newest `max_events`."""

    sinks: tuple[SinkSettings, ...]
    spool: Path
    max_events: int
    ingest: Ingest
