"""The speed of detectors on one image, measured alternately."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from common.detection.detector import Detector
from common.frames import Image

RUNS = 36
WARM_UP_RUNS = 4
MIN_SCORE = 0.3  # the default of the app


class Speed(NamedTuple):
    """Medians. inference_ms is `session.run` alone; processing_ms is pre + run + post."""

    inference_ms: float
    processing_ms: float


def measure(detectors: Sequence[Detector], image: Image) -> list[Speed]:
    """Run the detectors in turn, so that the load of the machine affects all of them. Raises ModelError."""
    rounds = [[each.detect(image, MIN_SCORE) for each in detectors] for _ in range(WARM_UP_RUNS + RUNS)]
    return [
        Speed(
            statistics.median(result.inference_ms for result in results),
            statistics.median(result.processing_ms for result in results),
        )
        for results in zip(*rounds[WARM_UP_RUNS:], strict=True)
    ]
