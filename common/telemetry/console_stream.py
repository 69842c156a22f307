"""Standard output and standard error that never block, whether or not they are read."""

import atexit
import io
import os
import sys
import threading
from collections import deque
from typing import TextIO

MAX_WAITING = 1000  # texts; a line consists of one or two
EXIT_S = 0.5  # for what still waits when the process ends


class ConsoleStream(io.TextIOBase):
    """Text for a file descriptor, written by a thread of its own; when it cannot keep up, new text is dropped.

    A terminal that was paused and a pipe that is full block write(2), and with it every thread that logs. The number
    of drops is written as soon as the descriptor accepts text again.
    """

    def __init__(self, fd: int, encoding: str = "utf-8") -> None:
        self._fd = fd
        self._encoding = encoding
        # Its lock is reentrant: the garbage collector can run in write(), and a finalizer can write a warning.
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._is_writing = False
        self._unreported = 0
        self._uncounted = 0
        self.dropped_count = 0

    def start(self) -> None:
        """Start the thread that writes. It never ends: it may be blocked when the process exits."""
        threading.Thread(target=self._run, name="console", daemon=True).start()

    def write(self, text: str) -> int:
        """Queue `text`, or drop it when MAX_WAITING texts are waiting."""
        with self._changed:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(text)
                self._changed.notify_all()
            else:
                self._drop()
        return len(text)

    def drain(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` seconds until everything is written."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._is_writing, timeout_s)

    def take_dropped(self) -> int:
        """Return the number of drops since the last call."""
        with self._changed:
            count, self._uncounted = self._uncounted, 0
        return count

    def writable(self) -> bool:
        """See io.IOBase."""
        return True

    def isatty(self) -> bool:
        """See io.IOBase."""
        return os.isatty(self._fd)

    def fileno(self) -> int:
        """See io.IOBase."""
        return self._fd

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute in typeshed
        """See io.TextIOBase."""
        return self._encoding

    def _drop(self) -> None:
        self.dropped_count += 1
        self._unreported += 1
        self._uncounted += 1

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                self._is_writing = True
                text = "".join(self._waiting)
                self._waiting.clear()
                if self._unreported:
                    text += f"[{self._unreported} lines were dropped: this output was not read]\n"
                    self._unreported = 0
            try:
                # Line by line: a pipe keeps up to PIPE_BUF bytes together when several processes write to it (pipe(7)).
                for line in text.splitlines(keepends=True):
                    self._write(line.encode(self._encoding, "backslashreplace"))
            except OSError:  # a full disk, or no reader
                with self._changed:
                    self._drop()

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]


_streams: list[ConsoleStream] = []


def unblock_console() -> None:
    """Replace sys.stdout and sys.stderr, for the rest of the process, by streams that never block."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # None when the descriptor is closed
            console = ConsoleStream(stream.fileno(), stream.encoding)
            console.start()
            setattr(sys, name, console)
            atexit.register(console.drain, EXIT_S)
            _streams.append(console)


def drain_console() -> None:
    """Write what waits, at most for EXIT_S: before an exit that runs no exit handlers."""
    for stream in _streams:
        stream.drain(EXIT_S)


def take_dropped() -> int:
    """Return the number of texts that the streams of this process have dropped since the last call."""
    return sum(stream.take_dropped() for stream in _streams)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether `stream`, None when its descriptor is closed, is a terminal."""
    return stream is not None and stream.isatty()
