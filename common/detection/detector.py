"""The detector: an ONNX model that finds objects in a frame, and how long it took."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from common.detection.boxes import Detection
from common.detection.formats.contracts import DEFAULT_SIDE, Contract, recognise
from common.detection.labels import MAX_NAME_LENGTH, find_labels
from common.detection.session import Session, open_session
from common.errors import ModelError
from common.frames import Image


@dataclass(frozen=True, slots=True)
class Result:
    """What was found, best first. inference_ms is `session.run` alone; processing_ms is pre + run + post."""

    detections: list[Detection]
    inference_ms: float
    processing_ms: float


class Detector(Protocol):
    """Finds objects in frames. Used from one thread."""

    name: str
    labels: tuple[str, ...]

    def detect(
        self, image: Image, min_score: float, repeat: int = 1, stop: Callable[[], bool] = lambda: False
    ) -> Result:
        """The objects in `image` that score at least `min_score`. Raises ModelError when the model fails on it.

        With `repeat` the inference runs that many times, and inference_ms is the time of all of them: a model that
        is so much heavier, for comparing threads with processes. The rest of them is left out once `stop` says so.
        """

    def rebuild(self) -> None:
        """Build the model's session anew, as the first version of this sample did for every frame."""


class OnnxDetector:
    """A Detector on onnxruntime. Made by `load_detector`, which finds out what the model wants."""

    def __init__(self, path: Path, threads: int, session: Session, contract: Contract, labels: tuple[str, ...]) -> None:
        # As the wire allows it: a file's name may be longer, and need not be Unicode.
        self.name = path.name.encode(errors="replace").decode()[:MAX_NAME_LENGTH]
        self.labels = labels
        self._path = path
        self._threads = threads
        self._session = session
        self._contract = contract

    def detect(
        self, image: Image, min_score: float, repeat: int = 1, stop: Callable[[], bool] = lambda: False
    ) -> Result:
        """See Detector."""
        begun = time.perf_counter()
        feed = self._contract.prepare(image)
        fed = time.perf_counter()
        for turn in range(repeat):
            if turn and stop():
                break
            outputs = self._session.run(self._contract.outputs, feed)
        ran = time.perf_counter()
        objects = self._contract.parse(outputs, (image.shape[0], image.shape[1]), min_score)
        detections = [
            Detection(self.labels[class_id], min(score, 1.0), (x1, y1, x2, y2))
            for class_id, score, (x1, y1, x2, y2) in zip(
                objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), strict=True
            )
        ]
        return Result(detections, (ran - fed) * 1000, (time.perf_counter() - begun) * 1000)

    def rebuild(self) -> None:
        """See Detector. Raises ModelError when the file is no longer there."""
        self._session = open_session(self._path, self._threads)


def load_detector(path: Path, threads: int) -> OnnxDetector:
    """The detector in the ONNX file at `path`, warmed up, with `threads` threads for the inference.

    Raises ModelError when the file is missing or no ONNX, when it fits no known contract, or its labels do not fit.
    """
    session = open_session(path, threads)
    try:
        contract = recognise(session.inputs, session.outputs)
        # The first run allocates and is several times slower than the rest. Its outputs also settle what the
        # declared shapes may leave open.
        grey = np.full((DEFAULT_SIDE, DEFAULT_SIDE, 3), 128, np.uint8)
        class_count = contract.class_count(session.run(contract.outputs, contract.prepare(grey)))
    except ModelError as error:
        raise ModelError(f"model {path}: {error}") from error
    labels = find_labels(path, session.metadata, class_count)
    return OnnxDetector(path, threads, session, contract, labels)
