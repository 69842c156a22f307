"""Sink to a file: one JSON object a line, rotated by size."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

from common.config.sinks import JsonlSettings
from common.errors import SinkError
from common.messaging.event import Event
from common.sinks.state import State


class JsonlSink:
    """Appends each event as a line. `events.jsonl` is rotated to `events.jsonl.1` and so on."""

    def __init__(self, settings: JsonlSettings) -> None:
        self.name = settings.name
        self._path = Path(settings.path)
        self._max_bytes = int(settings.max_mb * 1_000_000)
        self._keep = settings.keep

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["JsonlSink"]:
        """Check that the file can be written. It is not held open, so that other programs can rotate it."""
        with self._errors():
            await asyncio.to_thread(lambda: self._open().close())
        yield self

    async def send(self, event: Event) -> None:
        """Append the event, and force it to the disk. Raises SinkError."""
        with self._errors():
            await asyncio.to_thread(self._append, event.model_dump_json())

    async def publish(self, state: State) -> None:
        """States are not written: a file holds what happened."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise SinkError for an OSError."""
        try:
            yield
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror or error}") from error

    def _open(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._path.open("ab+")

    def _append(self, line: str) -> None:
        if self._path.exists() and self._path.stat().st_size + len(line) > self._max_bytes:
            self._rotate()
        with self._open() as file:
            size = file.seek(0, os.SEEK_END)
            try:
                file.write((b"" if self._ends_a_line(file) else b"\n") + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)  # no half line: the event is written again
                raise

    @staticmethod
    def _ends_a_line(file: BinaryIO) -> bool:
        """Whether the file is empty or ends with a line feed; a process that was killed may have left half a line."""
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

    def _rotate(self) -> None:
        for number in range(self._keep - 2, 0, -1):
            if self._numbered(number).exists():
                self._numbered(number).replace(self._numbered(number + 1))
        if self._keep > 1:
            self._path.replace(self._numbered(1))
        else:
            self._path.unlink()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
