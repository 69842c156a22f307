"""The detector: an ONNX model that finds objects in a frame, and how long it took."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from common.detection.boxes import Detection
from common.detection.engine_cache import discard_engines
from common.detection.formats.contracts import DEFAULT_SIDE, Contract, recognise
from common.detection.labels import MAX_NAME_LENGTH, find_labels
from common.detection.providers import ON_CPU, Choice, ExecutionOptions, load_on_best
from common.detection.session import RELEASE, Session, available_providers, open_session
from common.errors import ModelError, ProviderError
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

    def __init__(
        self,
        path: Path,
        reopen: Callable[[], Session],
        choice: Choice,
        session: Session,
        contract: Contract,
        labels: tuple[str, ...],
    ) -> None:
        # As the wire allows it: a file's name may be longer, and need not be Unicode.
        self.name = path.name.encode(errors="replace").decode()[:MAX_NAME_LENGTH]
        self.labels = labels
        self.choice = choice
        self.format_name = type(contract).__name__
        self._reopen = reopen
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
        self._session = self._reopen()


def load_detector(path: Path, threads: int, execution: ExecutionOptions = ON_CPU) -> OnnxDetector:
    """Load the ONNX file at `path` on the provider in `execution`, or on the CPU if that fails, and warm it up.

    `threads` are those of the CPU. Raises ModelError when the file is missing or no ONNX, when it fits no known
    contract, or its labels do not fit, and SettingsError when the provider is not part of the installed onnxruntime.
    """

    def load(attempt: ExecutionOptions, choice: Choice) -> OnnxDetector:
        try:
            return _load(path, threads, attempt, choice)
        except ProviderError:
            if not discard_engines(path, attempt, RELEASE):
                raise
        return _load(path, threads, attempt, choice)

    return load_on_best(execution, available_providers(), load)


def _load(path: Path, threads: int, execution: ExecutionOptions, choice: Choice) -> OnnxDetector:
    reopen = partial(open_session, path, threads, execution)
    session = reopen()
    try:
        contract = recognise(session.inputs, session.outputs)
        # The first run allocates and is several times slower than the rest. Its outputs also settle what the
        # declared shapes may leave open.
        grey = np.full((DEFAULT_SIDE, DEFAULT_SIDE, 3), 128, np.uint8)
        class_count = contract.class_count(session.run(contract.outputs, contract.prepare(grey)))
    except ProviderError:
        raise
    except ModelError as error:
        raise ModelError(f"model {path}: {error}") from error
    labels = find_labels(path, session.metadata, class_count)
    return OnnxDetector(path, reopen, choice, session, contract, labels)
