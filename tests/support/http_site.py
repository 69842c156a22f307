"""An HTTP server on a loopback port, with a handler that a test defines."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Unlogged:
    """Base of a request handler that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Do not log."""


@contextmanager
def serving_http(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve with a handler for each request until the context is left; yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
