"""Videos for tests: clips whose frames carry their number, and a camera that serves MJPEG over HTTP."""

import re
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from common.frames import Image
from tests.support.ports import free_port

BITS = 10
SMALL, OTHER = (160, 90), (240, 136)  # width, height


def numbered_frame(number: int, size: tuple[int, int] = SMALL) -> Image:
    """Return vertical bars that are the bits of `number` (below 1024), the lowest one on the left."""
    width, height = size
    bits = [number >> bit & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 255, width // BITS)
    return np.broadcast_to(row[None, :, None], (height, row.size, 3)).copy()


def number_in(image: Image) -> int:
    """Return the number that `numbered_frame` drew, also after lossy coding."""
    bars = np.array_split(image.mean(axis=(0, 2)), BITS)
    return sum(1 << bit for bit, bar in enumerate(bars) if bar[bar.size // 2] > 127)


def write_clip(path: Path, frame_count: int, fps: float, fourcc: str = "MJPG") -> Path:
    """Write a video file whose frames are numbered from 0."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), fps, SMALL)
    assert writer.isOpened()
    for number in range(frame_count):
        writer.write(numbered_frame(number))
    writer.release()
    return path


def write_jumping_mkv(path: Path, frame_count: int, fps: float, jump_ms: int) -> Path:
    """Write a clip in which every tenth timestamp is `jump_ms` too late, or too early if negative."""
    content = bytearray(write_clip(path, frame_count, fps).read_bytes())
    blocks = [found.start(1) for found in re.finditer(rb"\x81(..)\x80\xff\xd8", content, re.DOTALL)]
    assert len(blocks) == frame_count
    for at in blocks[5::10]:
        (time_ms,) = struct.unpack_from(">h", content, at)
        struct.pack_into(">h", content, at, time_ms + jump_ms)
    path.write_bytes(content)
    return path


def write_raw_mjpeg(path: Path, frame_count: int) -> Path:
    """Write a sequence of JPEGs: FFmpeg plays it at 25 FPS and supports neither its duration nor seeking."""
    path.write_bytes(b"".join(jpeg_of(numbered_frame(number)) for number in range(frame_count)))
    return path


def jpeg_of(image: Image) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


class MjpegCamera:
    """A camera on a loopback port; it can be stalled, stopped, and started again on the same port.

    Every connection gets frame n at start + n / fps. After a stall all overdue frames are sent in one burst, as from
    the buffers of a network.
    """

    def __init__(self, fps: float = 30) -> None:
        self.fps = fps
        self.size = SMALL
        self.stalled = threading.Event()
        self.halving = threading.Event()  # only the first half of every JPEG is sent
        self.covered = threading.Event()  # every frame is black
        self.undecodable_every = 0  # one in this number of frames is not a JPEG; 0: none
        self.started_at = 0.0  # Unix time of frame 0 on the connection made last
        self._port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/video"

    def due_at(self, number: int) -> float:
        """Return the Unix time of frame `number`."""
        return self.started_at + number / self.fps

    def start(self) -> None:
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = False  # so that server_close() waits until every connection is closed
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        camera, stopping = self, self._stopping

        class Handler(BaseHTTPRequestHandler):
            timeout = 2

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                camera.started_at = time.time()
                number = 0
                while not stopping.wait(max(0.0, camera.due_at(number) - time.time())):
                    if camera.stalled.is_set():
                        stopping.wait(0.01)
                        continue
                    jpeg = jpeg_of(numbered_frame(number, camera.size) * (not camera.covered.is_set()))
                    if camera.halving.is_set():
                        jpeg = jpeg[: len(jpeg) // 2]
                    if camera.undecodable_every and number % camera.undecodable_every == camera.undecodable_every - 1:
                        jpeg = jpeg[:2] + bytes(len(jpeg) - 2)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                    except OSError:  # the reader has closed the connection
                        return
                    number += 1

            def log_message(self, format: str, *args: object) -> None:
                """Do not log."""

        return Handler
