"""A real HTTP server of one file, on loopback, with the faults of a download."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, TypeAlias

Fault: TypeAlias = Literal[
    "", "breaks", "stalls", "silent", "ignores ranges", "sends another part", "refuses ranges", "chunks",
    "breaks a chunk", "too much", "too much with Content-Length", "too little with Content-Length", "wrong bytes",
    "gone", "moved", "moved in a circle", "moved to plain http", "moved to a file", "moved nowhere", "moved to no URL",
    "invalid response",
]  # fmt: skip
MOVED: dict[str, str] = {
    "moved": "/there",
    "moved in a circle": "/file.onnx",
    "moved to plain http": "http://example.invalid/file.onnx",
    "moved to a file": "file:///etc/hostname",
    "moved nowhere": "http://127.0.0.1:none/",
    "moved to no URL": "http://[::1/",
}


class FileServer(ThreadingHTTPServer):
    """Serves `content` at `url`, with the fault that is set. Records the range of each request."""

    daemon_threads = False  # each is waited for

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.fault: Fault = ""
        self.ranges: list[str | None] = []
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/file.onnx"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: FileServer

    def do_GET(self) -> None:
        """Send the file, or behave as `fault` requires."""
        asked = self.headers["Range"]
        fault = self.server.fault if self.path == "/file.onnx" else ""
        if self.path == "/file.onnx":
            self.server.ranges.append(asked)
        match fault:
            case "silent":
                self.server.closing.wait()
            case "invalid response":
                self.wfile.write(b"220 mail.example ready\r\n")
            case "gone":
                self._head(404)
            case "refuses ranges" if asked:
                self._head(416)
            case _ if fault in MOVED:
                self._head(302, Location=MOVED[fault])
            case _:
                self._send_file(fault, int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0)

    def _send_file(self, fault: Fault, start: int) -> None:
        content = self.server.content
        match fault:
            case "chunks" | "breaks a chunk":
                self._head(200, Transfer_Encoding="chunked")
                self._write(b"%x\r\n%s" % (len(content), content if fault == "chunks" else content[:1000]))
                if fault == "chunks":
                    self._write(b"\r\n0\r\n\r\n")
            case "too much":
                self._head(200)
                self._write(content + b"!")
            case "too much with Content-Length":
                self._send(200, content + b"!")
            case "too little with Content-Length":
                self._send(200, content[:-1])
            case "wrong bytes":
                self._send(200, bytes(len(content)))
            case "sends another part" if start:
                self._send(206, content[1:], f"bytes 1-{len(content) - 1}/{len(content)}")
            case _ if start and fault != "ignores ranges":
                self._send(206, content[start:], f"bytes {start}-{len(content) - 1}/{len(content)}")
            case _:
                self._send(200, content)

    def _send(self, status: int, body: bytes, content_range: str = "") -> None:
        self._head(status, Content_Length=str(len(body)), **({"Content_Range": content_range} if content_range else {}))
        if self.server.fault in ("breaks", "stalls"):
            body = body[: len(body) // 2]
        self._write(body)
        if self.server.fault == "stalls":
            self.server.closing.wait()

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _write(self, body: bytes) -> None:
        with suppress(OSError):  # the client may have closed the connection
            self.wfile.write(body)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving_file(content: bytes) -> Iterator[FileServer]:
    """The server, in a thread."""
    server = FileServer(content)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
