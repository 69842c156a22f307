"""What this machine can do at best for each part of the way of a frame: the yardstick beside every figure."""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from benchmark.results import Limits
from common.capture.frame_provider import encode_jpeg
from common.capture.video_source import open_source
from common.detection.detector import load_detector
from common.errors import SourceError
from common.frames import Image
from common.telemetry.machine import inference_threads
from threading_impl import RUNTIME


def best(image: Image, model: Path, jpeg_quality: int, rounds: int) -> Limits:
    """The median of `rounds` of everything. Raises ModelError."""
    cv2.setNumThreads(1)  # as in the app
    session_run_ms, session_run_cpu_ms = session_run(model, image, rounds)
    return Limits(
        width=image.shape[1],
        height=image.shape[0],
        jpeg_bytes=len(encode_jpeg(image, jpeg_quality)),
        memcpy_ms=memcpy_ms(image, rounds),
        encode_ms=median_ms(lambda: encode_jpeg(image, jpeg_quality), rounds),
        echo_ms=asyncio.run(echo_ms(rounds)),
        session_run_ms=session_run_ms,
        session_run_cpu_ms=session_run_cpu_ms,
    )


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """Median time of `work`, in ms."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def first_image(source: str) -> Image:
    """The first picture of a source. Raises SourceError."""
    with open_source(source, 30, lambda state, message: None) as video:
        for _, image in video.frames(RUNTIME.stop_signal()):
            return image
    raise SourceError("the source has no frame")


def memcpy_ms(image: Image, rounds: int) -> float:
    """To copy `image` into memory that was written before."""
    target = np.empty_like(image)
    return median_ms(lambda: np.copyto(target, image), rounds)


def session_run(model: Path, image: Image, rounds: int) -> tuple[float, float]:
    """`session.run` of the model on `image`, alone, on as many threads as in the app: how long it takes, and its CPU
    time, both in ms. What is done before and after it is done on one thread, so its CPU time is its time.
    """
    detector = load_detector(model, inference_threads())
    used = time.process_time()
    results = [detector.detect(image, min_score=0.5) for _ in range(rounds)]
    used_ms = 1000 * (time.process_time() - used) / rounds
    beside_ms = statistics.mean(result.processing_ms - result.inference_ms for result in results)
    return statistics.median(result.inference_ms for result in results), used_ms - beside_ms


async def echo_ms(rounds: int) -> float:
    """An empty websocket message there and back, on loopback, in one process."""

    async def answer(peer: ServerConnection) -> None:
        async for message in peer:
            await peer.send(message)

    times = []
    async with serve(answer, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None) as client:
            for _ in range(rounds):
                started = time.perf_counter()
                await client.send(b"")
                await client.recv()
                times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)
