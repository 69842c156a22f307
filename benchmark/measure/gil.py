"""Which calls release the GIL, by the speed-up of two threads over one: `python -m benchmark.measure.gil`."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from common.capture.opencv_capture import open_capture
from common.detection.detector import load_detector
from common.detection.experiments import work_in_python
from common.frames import Image
from common.jpeg import encode_jpeg
from common.model_zoo.resolve import default_model, sample_clip

Work = Callable[[], object]
SECONDS = 1.0  # of each measurement
JPEG_QUALITY = 80
THREADS = (1, 2)


def main() -> None:
    """Print a Markdown table, row by row."""
    print("| call | two threads ÷ one |\n|---|---|")
    for name, factor in speed_ups(sample_clip(), default_model(), SECONDS):
        print(f"| {name} | {factor:.2f} |", flush=True)


def speed_ups(clip: Path, model: Path, seconds: float) -> Iterator[tuple[str, float]]:
    """Yield (call, speed-up of two threads over one), measured for `seconds` seconds each.

    2 means that the call releases the GIL and a core is free; 1 means that it holds the GIL throughout.
    """
    cv2.setNumThreads(1)  # calls that use several cores by themselves have no speed-up
    for name, make in calls(clip, model).items():
        yield name, speed_up(make, seconds)


def calls(clip: Path, model: Path) -> dict[str, Callable[[], Work]]:
    """Return, by name, a function that prepares the call. Each thread prepares its own, and shares only the GIL."""

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
    """Return the number of calls by two threads divided by that of one thread, in the same time."""
    one, two = (sum(count_calls([make() for _ in range(count)], seconds)) for count in THREADS)
    return two / one


def count_calls(works: list[Work], seconds: float) -> list[int]:
    """Call each of `works` repeatedly for `seconds` seconds, in a thread of its own; return the number of calls."""
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
    """Return the first frame of `clip`, height × width × 3, BGR."""
    decoded, image = open_capture(str(clip)).read()
    if not decoded:
        raise RuntimeError(f"{clip} has no frame")
    return np.asarray(image, np.uint8)


if __name__ == "__main__":
    main()
