"""`python -m benchmark.measure.processing`: what is done around inference, on one core, beside `session.run`."""

from collections.abc import Callable, Mapping
from statistics import median

import cv2
import numpy as np

from benchmark.measure.baseline import median_ms
from common.detection.boxes import Floats
from common.detection.detector import load_detector
from common.detection.dry_run import structured_frame
from common.detection.formats.class_grid import ClassGrid
from common.detection.preprocessing.canvas import Canvas
from common.detection.preprocessing.options import Fit, Preprocessing
from common.detection.preprocessing.placement import Placement
from common.model_zoo.resolve import default_model

ROUNDS = 200
CANVAS = (640, 640)
CLASSES, CELLS, OBJECTS, CELLS_PER_OBJECT = 80, 8400, 30, 5
MIN_SCORE = 0.3


def main() -> None:
    """Print a table."""
    cv2.setNumThreads(1)  # as in the app
    frame = structured_frame((360, 640))
    detector = load_detector(default_model(), 1)
    inference_ms = median(detector.detect(frame, MIN_SCORE).inference_ms for _ in range(ROUNDS))
    print("| | ms | ÷ session.run of the bundled model |\n|---|---:|---:|")
    for name, work in works().items():
        time_ms = median_ms(work, ROUNDS)
        print(f"| {name} | {time_ms:.2f} | {time_ms / inference_ms:.2f} |", flush=True)


def works() -> Mapping[str, Callable[[], object]]:
    """What to measure, by name."""
    frame = structured_frame((1080, 1920))
    letterbox = Canvas(CANVAS, np.float32, Preprocessing())
    antialiased = Canvas(CANVAS, np.float32, Preprocessing(Fit.STRETCH, antialias=True))
    grid, place = class_grid(), Placement.fit((1080, 1920), CANVAS, Fit.LETTERBOX)
    model_format = ClassGrid("output0", CLASSES, "", transposed=False)
    return {
        "decode a class grid of 84 × 8400": lambda: model_format.decode([grid], place, MIN_SCORE),
        "letterbox 1920 × 1080 for 640 × 640": lambda: letterbox.place(frame),
        "stretch 1920 × 1080 for 640 × 640, antialiased": lambda: antialiased.place(frame),
    }


def class_grid() -> Floats:
    """A grid as a trained detector gives it: OBJECTS objects, each found by several cells, and low scores elsewhere."""
    random = np.random.default_rng(1)
    grid = random.uniform(0, 0.05, (1, 4 + CLASSES, CELLS)).astype(np.float32)
    grid[0, :4] = random.uniform(10, 630, (4, CELLS))
    for _ in range(OBJECTS):
        box = random.uniform((50, 50, 20, 20), (590, 590, 150, 150))
        found = random.integers(0, CELLS, CELLS_PER_OBJECT)
        grid[0, :4, found] = box + random.normal(0, 2, (CELLS_PER_OBJECT, 4))
        grid[0, 4 + random.integers(CLASSES), found] = random.uniform(0.4, 0.9, CELLS_PER_OBJECT)
    return grid


if __name__ == "__main__":
    main()
