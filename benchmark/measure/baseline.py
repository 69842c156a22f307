"""Baseline: the time of each step of a frame's way in isolation, as the best that this machine can do."""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from benchmark.results import Baseline
from common.capture.video_source import open_source
from common.detection.detector import load_detector
from common.detection.providers import ExecutionOptions
from common.errors import SourceError
from common.frames import Image
from common.jpeg import encode_jpeg
from common.telemetry.machine import inference_threads
from threading_impl import RUNTIME


def measure_baseline(image: Image, model: Path, jpeg_quality: int, rounds: int) -> Baseline:
    """Return the median of `rounds` repetitions of each step. Raises ModelError."""
    cv2.setNumThreads(1)  # as in the app
    session_run_ms, session_run_cpu_ms = time_session_run(model, image, rounds)
    return Baseline(
        width=image.shape[1],
        height=image.shape[0],
        jpeg_bytes=len(encode_jpeg(image, jpeg_quality)),
        memcpy_ms=time_memcpy(image, rounds),
        encode_ms=median_ms(lambda: encode_jpeg(image, jpeg_quality), rounds),
        echo_ms=asyncio.run(time_echo(rounds)),
        session_run_ms=session_run_ms,
        session_run_cpu_ms=session_run_cpu_ms,
    )


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of `work`, in ms."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def first_frame(source: str) -> Image:
    """Return the first frame of a source. Raises SourceError."""
    with open_source(source, 30, lambda state, message: None) as video:
        for _, image, _ in video.frames(RUNTIME.stop_signal()):
            return image
    raise SourceError("the source has no frame")


def time_memcpy(image: Image, rounds: int) -> float:
    """Return the median time of a copy of `image` into memory that was written before, in ms."""
    target = np.empty_like(image)
    return median_ms(lambda: np.copyto(target, image), rounds)


def time_session_run(model: Path, image: Image, rounds: int) -> tuple[float, float]:
    """Return the median wall time and the mean CPU time of `session.run`, in ms, with as many threads as in the app.

    The CPU time is that of the process less pre- and post-processing, which run on one thread.
    """
    detector = load_detector(model, inference_threads(), ExecutionOptions("auto"))  # the default of the app
    cpu_before_s = time.process_time()
    results = [detector.detect(image, min_score=0.5) for _ in range(rounds)]
    cpu_ms = 1000 * (time.process_time() - cpu_before_s) / rounds
    other_ms = statistics.mean(result.processing_ms - result.inference_ms for result in results)
    return statistics.median(result.inference_ms for result in results), cpu_ms - other_ms


async def time_echo(rounds: int) -> float:
    """Return the median round-trip time of an empty websocket message on loopback, within one process, in ms."""

    async def echo(peer: ServerConnection) -> None:
        async for message in peer:
            await peer.send(message)

    times = []
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None) as client:
            for _ in range(rounds):
                started = time.perf_counter()
                await client.send(b"")
                await client.recv()
                times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)
