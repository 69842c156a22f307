"""`python -m benchmark.measure.gil`: which calls release the GIL, by the speed-up of two threads over one."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from common.capture.frame_provider import encode_jpeg
from common.capture.opencv_capture import open_capture
from common.detection.detector import load_detector
from common.detection.frame_processor import work_in_python
from common.frames import Image
from common.model_zoo.resolve import default_model, sample_clip

Work = Callable[[], object]
SECONDS = 1.0  # of each measurement
JPEG_QUALITY = 80
THREADS = (1, 2)


def main() -> None:
    """Print a table, row by row."""
    print("| call | two threads ÷ one |\n|---|---|")
    for name, factor in speed_ups(sample_clip(), default_model(), SECONDS):
        print(f"| {name} | {factor:.2f} |", flush=True)


def speed_ups(clip: Path, model: Path, seconds: float) -> Iterator[tuple[str, float]]:
    """Call by call, how many times as often two threads together finish it as one alone, in `seconds` each.

    2 means that the call releases the GIL and finds a free core; 1 that it holds the GIL all along.
    """
    cv2.setNumThreads(1)  # a call that spreads over the cores by itself would leave nothing to gain
    for name, make in calls(clip, model).items():
        yield name, speed_up(make, seconds)


def calls(clip: Path, model: Path) -> dict[str, Callable[[], Work]]:
    """For every call a function that makes it ready: once for each thread, which share nothing but the GIL."""

    def read() -> Work:
        capture = open_capture(str(clip))

        def next_frame() -> None:
            if not capture.read()[0]:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)

        return next_frame

    def resize() -> Work:
        image = first_frame(clip)
        return lambda: cv2.resize(image, (416, 416))

    def encode() -> Work:
        image = first_frame(clip)
        return lambda: encode_jpeg(image, JPEG_QUALITY)

    def run() -> Work:
        detector, image = load_detector(model, threads=1), first_frame(clip)
        return lambda: detector.detect(image, min_score=1)

    def build() -> Work:
        return load_detector(model, threads=1).rebuild

    def copy() -> Work:
        image = first_frame(clip)
        target = np.empty_like(image)
        return lambda: np.copyto(target, image)

    def python() -> Work:
        return lambda: work_in_python(1)

    return {
        "VideoCapture.read": read,
        "cv2.resize": resize,
        "cv2.imencode": encode,
        "numpy copy": copy,
        "detector.detect (session.run)": run,
        "InferenceSession (building one)": build,
        "pure Python": python,
    }


def speed_up(make: Callable[[], Work], seconds: float) -> float:
    """Calls finished by two threads, over those finished by one, in the same time."""
    alone, together = (sum(finished([make() for _ in range(count)], seconds)) for count in THREADS)
    return together / alone


def finished(works: list[Work], seconds: float) -> list[int]:
    """How often each of `works` is done in `seconds`, each in a thread of its own."""
    counts = [0] * len(works)
    barrier = threading.Barrier(len(works))

    def repeat(index: int) -> None:
        work = works[index]
        work()
        barrier.wait()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            work()
            counts[index] += 1

    threads = [threading.Thread(target=repeat, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def first_frame(clip: Path) -> Image:
    """A frame to work on, as BGR."""
    taken, image = open_capture(str(clip)).read()
    if not taken:
        raise RuntimeError(f"{clip} has no frame")
    return np.asarray(image, np.uint8)


if __name__ == "__main__":
    main()
