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
    """Print a Markdown table; return the exit code."""
    cv2.setNumThreads(1)
    detectors = [load_detector(Path(name), threads=1) for name in argv]
    frames = [frame.image for frame in clip_frames(EVERY)]
    times: list[list[tuple[float, float]]] = [[] for _ in detectors]
    # Alternate the models on each frame, so that a drift of the machine affects all.
    for image in frames * ROUNDS:
        for detector, samples in zip(detectors, times, strict=True):
            result = detector.detect(image, min_score=0.3)
            samples.append((result.inference_ms, result.processing_ms))
    print("| model | inference, ms | processing, ms |\n|---|---:|---:|")
    for detector, samples in zip(detectors, times, strict=True):
        inference, processing = np.median(samples, axis=0)
        print(f"| {detector.name} | {inference:.1f} | {processing:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
