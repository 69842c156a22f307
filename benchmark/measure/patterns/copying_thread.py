"""One thread that copies: it takes the newest frame and sends it to each consumer in turn, through a pipe."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import Self

from common.frames import Frame

CLOSE_S = 1.0


class CopyingThread:
    """A pipe for each consumer, written by a thread that takes frames from a slot."""

    def __init__(self, consumers: int) -> None:
        self._pipes = [get_context("spawn").Pipe(duplex=False) for _ in range(consumers)]
        self._newest: queue.Queue[Frame | None] = queue.Queue(1)
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def endpoint(self, index: int) -> "PipeEndpoint":
        """Return the reading end of the pipe of consumer number `index`."""
        return PipeEndpoint(self._pipes[index][0])

    def put(self, frame: Frame | None) -> None:
        """Replace the frame that the thread has not taken. Starts the thread."""
        if not self._thread.is_alive():
            for receiver, _ in self._pipes:
                receiver.close()  # the consumers have started, and have ends of their own
            self._thread.start()
        while True:
            try:
                self._newest.put_nowait(frame)
                return
            except queue.Full:
                try:
                    self._newest.get_nowait()
                except queue.Empty:
                    continue

    def close(self) -> None:
        """Stop the thread. While a consumer does not read it stays blocked, as a daemon."""
        if self._thread.is_alive():
            self.put(None)
            self._thread.join(CLOSE_S)

    def _copy(self) -> None:
        senders = [sender for _, sender in self._pipes]
        while (frame := self._newest.get()) is not None:
            for sender in list(senders):
                try:
                    sender.send(frame)  # blocks while the pipe is full
                except (BrokenPipeError, ConnectionResetError):
                    senders.remove(sender)


@dataclass(frozen=True)
class PipeEndpoint:
    """The reading end of a pipe."""

    pipe: connection.Connection

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Close the pipe at the end."""
        with self.pipe:
            yield self

    def get(self, timeout_s: float) -> Frame | None:
        """Return the next frame of the pipe, which may be an old one, waiting up to `timeout_s` seconds; or None."""
        if not self.pipe.poll(timeout_s):
            return None
        frame: Frame = self.pipe.recv()
        return frame
