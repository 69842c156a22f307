"""What sixteen tiles of the page cost with full frames and with smaller ones, in provider, server and browser.

    python -m tests.support.wall_cost

A server in a process of its own gets frames of sixteen cameras at 15 FPS, of the bundled clip at 1280×720, as JPEGs of
each width in turn; Chromium shows them on the wall. CPU times are of processes, so other programs change them little.
"""

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import cv2
import psutil

from common.frames import Image
from common.jpeg import encode_jpeg, shrink
from common.messaging.messages import FrameHeader, pack_frame
from common.model_zoo.resolve import sample_clip
from tests.support.pages import Role, chromium, opened, playing_role, wait_for_text
from tests.support.servers import Server, serving

CAMERAS = tuple(f"camera-{number}" for number in range(1, 17))
FPS = 15
SOURCE = (1280, 720)
WIDTHS = (1280, 640, 320)
CLIP_FRAMES = 60
WARM_UP_S, MEASURED_S = 5.0, 12.0
QUALITY = 80


@dataclass(frozen=True)
class Cost:
    """Of JPEGs of one width: kB each, CPU ms to make one, and CPU ms of server and browser for each painted frame."""

    width: int
    kilobytes: float
    provider_ms: float
    server_ms: float
    browser_ms: float
    painted_fps: float


def serve(connection: Connection) -> None:
    """Run a server until the connection is closed; send where it listens."""
    with serving(cameras=CAMERAS) as server:
        connection.send(server)
        connection.poll(None)


@contextmanager
def server_process() -> Iterator[tuple[Server, psutil.Process]]:
    """Run a server in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    try:
        yield here.recv(), psutil.Process(process.pid)
    finally:
        here.send(None)
        process.join()


def cpu_s(processes: list[psutil.Process]) -> float:
    """Return the CPU time of processes, in seconds."""
    return float(sum(sum(process.cpu_times()[:2]) for process in processes))


def clip() -> list[Image]:
    """Return frames of the bundled clip at the size of the source."""
    video = cv2.VideoCapture(str(sample_clip()))
    frames = [cast(Image, cv2.resize(video.read()[1], SOURCE)) for _ in range(CLIP_FRAMES)]
    video.release()
    return frames


def feed(role: Role, jpegs: list[bytes], ended: threading.Event) -> None:
    """Send a frame of each camera at FPS. The header is that of a tile, whatever the size of the JPEG."""
    due = time.monotonic()
    for frame_id in range(1, 1_000_000):
        for index, camera in enumerate(CAMERAS):
            header = FrameHeader(
                camera=camera, frame_id=frame_id, captured_at=time.time(), width=1, height=1, tile=True
            )
            role.send_packed(pack_frame(header, jpegs[(frame_id + index) % len(jpegs)]))
        due += 1 / FPS
        if ended.wait(max(0, due - time.monotonic())):
            return


def measure(width: int, frames: list[Image]) -> Cost:
    """Measure JPEGs of one width."""
    started = time.thread_time()
    jpegs = [encode_jpeg(shrink(frame, width), QUALITY) for frame in frames]
    provider_ms = 1000 * (time.thread_time() - started) / len(jpegs)
    ended = threading.Event()
    with server_process() as (server, process), playing_role(server) as role, chromium() as browser:
        feeder = threading.Thread(target=feed, args=(role, jpegs, ended))
        feeder.start()
        try:
            with opened(browser, f"http://localhost:{server.port}/", (1440, 900)) as page:
                wait_for_text(page, "#connection", "connected")
                page.wait_for_timeout(1000 * WARM_UP_S)
                browsers = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
                painted = painted_count(server)
                before = cpu_s([process]), cpu_s(browsers)
                page.wait_for_timeout(1000 * MEASURED_S)
                after = cpu_s([process]), cpu_s(browsers)
                count = painted_count(server) - painted
        finally:
            ended.set()
            feeder.join()
    server_ms, browser_ms = (1000 * (end - start) / count for start, end in zip(before, after, strict=True))
    kilobytes = sum(map(len, jpegs)) / len(jpegs) / 1000
    return Cost(width, kilobytes, provider_ms, server_ms, browser_ms, count / MEASURED_S / len(CAMERAS))


def painted_count(server: Server) -> float:
    """Return how many frames the page has acknowledged as painted, by the statistics of the server."""
    return float(json.loads(server.ask("/api/stats").body)["counters"]["painted"])


def main() -> None:
    """Print a table: a row for each width."""
    print("JPEG width     kB   provider ms   server ms   browser ms   painted FPS of a tile")
    frames = clip()
    for cost in (measure(width, frames) for width in WIDTHS):
        print(
            f"{cost.width:10} {cost.kilobytes:6.1f} {cost.provider_ms:13.2f} {cost.server_ms:11.2f}"
            f" {cost.browser_ms:12.2f} {cost.painted_fps:10.1f}"
        )


if __name__ == "__main__":
    main()
