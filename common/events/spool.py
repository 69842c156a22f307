"""The spool: events on disk, in order, until every sink has sent them."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from common.errors import SpoolError
from common.messaging.event import Event

BUSY_TIMEOUT_S = 5.0  # to wait for another process that writes
TRIM_EVERY = 100  # appended events between two checks of the bound

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY AUTOINCREMENT, captured_at REAL NOT NULL, event TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sinks (name TEXT PRIMARY KEY, position INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0);
"""


class Spooled(NamedTuple):
    """An event and its position in the spool; positions rise, and are never used twice."""

    position: int
    event: Event


class Spool:
    """An append-only table of events, and for each sink the position up to which it has sent them.

    Several processes may hold the same file open: SQLite serialises them. The journal is a write-ahead log, so that
    readers do not block the writer (https://sqlite.org/wal.html); with `synchronous=FULL` an event that was appended
    survives a loss of power. The spool keeps the newest `max_events`; what is removed before a sink has sent it is
    counted as lost for that sink.

    Calls from several threads run one after another, and closing waits for the call that runs, as one in a thread whose
    asyncio task was cancelled: sqlite3 crashes the process if a connection is closed during a call.
    """

    def __init__(self, path: Path, max_events: int) -> None:
        self._path = path
        self._max_events = max_events
        self._appended = 0
        self._lock = threading.Lock()  # held while the connection is used

    def __enter__(self) -> Self:
        """Open or create the file. Raises SpoolError."""
        with self._in_use():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
                self._connection.executescript(SCHEMA)
            except sqlite3.Error:
                self._connection.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._connection.close()  # also ends a transaction that an error left open

    def append(self, *events: Event) -> None:
        """Append events, all of them or none. Raises SpoolError, as when the disk is full.

        Several are one transaction, and so one fsync.
        """
        rows = [(event.captured_at, event.model_dump_json()) for event in events]
        with self._in_use(), self._transaction():
            self._connection.executemany("INSERT INTO events (captured_at, event) VALUES (?, ?)", rows)
            before, self._appended = self._appended, self._appended + len(rows)
            if self._appended // TRIM_EVERY > before // TRIM_EVERY:
                self._remove_oldest()

    def add_sink(self, name: str) -> None:
        """Register a sink. A new one begins with the events that are appended from now on. Raises SpoolError."""
        with self._in_use():
            self._connection.execute(
                "INSERT OR IGNORE INTO sinks (name, position) VALUES (?, (SELECT COALESCE(MAX(seq), 0) FROM "
                "sqlite_sequence WHERE name = 'events'))",
                (name,),
            )

    def unsent(self, sink: str, limit: int) -> list[Spooled]:
        """Return the oldest events that a sink has not sent, `limit` at most. Raises SpoolError."""
        with self._in_use():
            rows = self._connection.execute(
                "SELECT position, event FROM events WHERE position > (SELECT position FROM sinks WHERE name = ?) "
                "ORDER BY position LIMIT ?",
                (sink, limit),
            )
            return _spooled(rows.fetchall())

    def mark_sent(self, sink: str, position: int) -> None:
        """Record that a sink has sent all events up to `position`. Raises SpoolError."""
        with self._in_use():
            self._connection.execute("UPDATE sinks SET position = ? WHERE name = ?", (position, sink))

    def lost(self, sink: str) -> int:
        """Return how many events were removed before a sink had sent them, ever. Raises SpoolError."""
        with self._in_use():
            row = self._connection.execute("SELECT lost FROM sinks WHERE name = ?", (sink,)).fetchone()
            return int(row[0]) if row else 0

    def since(self, captured_at: float, limit: int) -> list[Spooled]:
        """Return the newest events of frames captured after a Unix time, oldest first. Raises SpoolError."""
        with self._in_use():
            rows = self._connection.execute(
                "SELECT position, event FROM events WHERE captured_at > ? ORDER BY position DESC LIMIT ?",
                (captured_at, limit),
            )
            return _spooled(reversed(rows.fetchall()))

    def _remove_oldest(self) -> None:
        """Remove all but the newest events, and count the unsent ones among them as lost."""
        (newest,) = self._connection.execute("SELECT COALESCE(MAX(position), 0) FROM events").fetchone()
        last_removed = newest - self._max_events
        (oldest,) = self._connection.execute("SELECT COALESCE(MIN(position), 1) FROM events").fetchone()
        self._connection.execute(
            "UPDATE sinks SET lost = lost + ? - MAX(position, ?), position = ? WHERE position < ?",
            (last_removed, oldest - 1, last_removed, last_removed),
        )
        self._connection.execute("DELETE FROM events WHERE position <= ?", (last_removed,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except sqlite3.Error:
            self._connection.rollback()
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(f"event spool {self._path}: {error}") from error


def _spooled(rows: Iterable[tuple[int, str]]) -> list[Spooled]:
    return [Spooled(position, Event.model_validate_json(text)) for position, text in rows]
