"""A thread that sends, so that those who leave messages to it never wait for the network."""

import threading
from collections.abc import Callable

import zenoh

from common.native_threads import native_thread

CHECK_S = 1.0  # interval of the calls if nothing wakes the thread


class SendThread:
    """Calls `send` when it is woken, until it is closed or the session is."""

    def __init__(self, name: str, send: Callable[[], None]) -> None:
        self._send = send
        self._woken = threading.Event()
        self._closed = False
        self._thread = native_thread(self._run, name)

    def start(self) -> None:
        """Start the thread. Called once."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to send. May be called before the start."""
        self._woken.set()

    def close(self, timeout_s: float) -> None:
        """Send what is left, and wait up to `timeout_s` seconds for the thread to end."""
        self._closed = True
        self._woken.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            self._woken.wait(CHECK_S)
            self._woken.clear()
            closed = self._closed
            try:
                self._send()
            except zenoh.ZError:  # the session was closed
                return
            if closed:
                return
