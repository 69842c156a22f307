"""Time models on one core, on the bundled clip: python -m models.training.speed MODEL [MODEL …]."""

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.detection.detector import load_detector
from models.training.evaluate import clip_frames

EVERY, ROUNDS = 20, 4


def main(argv: Sequence[str]) -> int:
    """Print a table; returns the exit code."""
    cv2.setNumThreads(1)
    detectors = [load_detector(Path(name), threads=1) for name in argv]
    frames = [frame.image for frame in clip_frames(EVERY)]
    times: list[list[tuple[float, float]]] = [[] for _ in detectors]
    # In turn, frame by frame, so that a machine that slows down does so for all.
    for image in frames * ROUNDS:
        for detector, of_detector in zip(detectors, times, strict=True):
            result = detector.detect(image, min_score=0.3)
            of_detector.append((result.inference_ms, result.processing_ms))
    print("| model | inference, ms | processing, ms |\n|---|---:|---:|")
    for detector, of_detector in zip(detectors, times, strict=True):
        inference, processing = np.median(of_detector, axis=0)
        print(f"| {detector.name} | {inference:.1f} | {processing:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
