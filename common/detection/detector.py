"""The detector: an ONNX model that finds objects in a frame, and how long it took."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from common.detection.engine_cache import discard_engines
from common.detection.examine import ExaminedModel, examine
from common.detection.labels import MAX_NAME_LENGTH, unknown_label
from common.detection.preprocessing.canvas import Canvas
from common.detection.preprocessing.placement import Size
from common.detection.providers import ON_CPU, Choice, ExecutionOptions, load_on_best
from common.detection.session import RELEASE, Session, available_providers, open_session
from common.detection.tensors import as_float32
from common.errors import ModelError, ProviderError
from common.frames import Image
from common.messaging.messages import Detection


@dataclass(frozen=True, slots=True)
class Inference:
    """The detections of a frame, best first. inference_ms is `session.run` alone; processing_ms is pre + run + post."""

    detections: list[Detection]
    inference_ms: float
    processing_ms: float


class Detector(Protocol):
    """Finds objects in frames. Used from one thread."""

    @property
    def name(self) -> str:
        """The name of the model, at most 100 characters."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its classes, empty where they are unknown."""

    def detect(self, image: Image, min_score: float) -> Inference:
        """The objects in `image` that score at least `min_score`. Raises ModelError when the model fails on it."""

    def rebuild(self) -> None:
        """Create the session of the model again."""


class OnnxDetector:
    """A Detector on onnxruntime. Made by `load_detector`."""

    def __init__(
        self, path: Path, reopen: Callable[[], Session], choice: Choice, session: Session, model: ExaminedModel
    ) -> None:
        # As the wire allows it: a file's name may be longer, and need not be Unicode.
        self.name = path.name.encode(errors="replace").decode()[:MAX_NAME_LENGTH]
        self.labels = model.labels
        self.choice = choice
        self.model = model
        self._reopen = reopen
        self._session = session
        self._canvas = Canvas(model.inputs.canvas, model.inputs.dtype, model.preprocessing)
        self._pixels = self._canvas.pixels[None] if model.inputs.is_batch else self._canvas.pixels

    def detect(self, image: Image, min_score: float) -> Inference:
        """See Detector."""
        model_format = self.model.model_format
        started = time.perf_counter()
        place = self._canvas.place(image)
        feed = {self.model.inputs.image.name: self._pixels, **model_format.extra_inputs(place)}
        prepared = time.perf_counter()
        outputs = self._session.run(model_format.outputs, feed)
        ran = time.perf_counter()
        try:
            objects = model_format.decode(as_float32(outputs), place, min_score)
        except (ValueError, IndexError) as error:
            shapes = ", ".join(str(list(output.shape)) for output in outputs)
            raise ModelError(f"gave outputs of other shapes than in its first run: {shapes}") from error
        detections = [
            Detection(self._label(class_id), min(score, 1.0), (x1, y1, x2, y2))
            for class_id, score, (x1, y1, x2, y2) in zip(
                objects.class_ids.tolist(), objects.scores.tolist(), objects.boxes.tolist(), strict=True
            )
        ]
        return Inference(detections, (ran - prepared) * 1000, (time.perf_counter() - started) * 1000)

    def rebuild(self) -> None:
        """See Detector. Raises ModelError when the file is no longer there."""
        self._session = self._reopen()

    def __str__(self) -> str:
        height, width = self.model.inputs.canvas
        ignored = f" ({self.model.model_format.ignored} ignored)" if self.model.model_format.ignored else ""
        labels = f"{len(self.labels)} labels" if self.labels else "labels unknown"
        return f"{self.name}: {self.model.model_format.NAME}{ignored}, {height} × {width}, {labels}"

    def _label(self, class_id: int) -> str:
        return self.labels[class_id] if class_id < len(self.labels) else unknown_label(class_id)


def load_detector(
    path: Path, threads: int, execution: ExecutionOptions = ON_CPU, input_size: Size | None = None
) -> OnnxDetector:
    """Load the ONNX file at `path` on the provider in `execution`, or on the CPU if that fails, and warm it up.

    `threads` are those of the CPU, `input_size` the height and width in pixels where the model leaves them open.
    Raises ModelError when the file is missing or not ONNX, fits no known format, or contradicts a file beside it, and
    SettingsError when the provider is not part of the installed onnxruntime.
    """

    def load(attempt: ExecutionOptions, choice: Choice) -> OnnxDetector:
        try:
            return _load(path, threads, attempt, input_size, choice)
        except ProviderError:
            if not discard_engines(path, attempt, RELEASE):
                raise
        return _load(path, threads, attempt, input_size, choice)

    return load_on_best(execution, available_providers(), load)


def _load(
    path: Path, threads: int, execution: ExecutionOptions, input_size: Size | None, choice: Choice
) -> OnnxDetector:
    reopen = partial(open_session, path, threads, execution)
    session = reopen()
    return OnnxDetector(path, reopen, choice, session, examine(path, session, input_size))
