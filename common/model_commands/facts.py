"""What a model is: its file, its inputs and outputs, its metadata, its format and its labels."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from common.detection.detector import OnnxDetector
from common.detection.session import Session
from common.model_zoo.progress import megabytes
from common.text import printable_line

MAX_TEXT = 300  # characters of a value, which is not trusted
STATED = {
    "licence": ("license", "licence"),
    "author": ("author", "authors"),
    "description": ("description",),
}
"""What is shown of the metadata, and the keys that it may have there."""


def file_facts(model: Path, session: Session) -> list[tuple[str, str]]:
    """Return the size of the file, its inputs and outputs as declared, and what its metadata states."""
    size = sum(file.stat().st_size for file in (model, model.with_name(f"{model.name}.data")) if file.is_file())
    return [
        ("file", str(model)),
        ("size", f"{megabytes(size)} MB"),
        *_listed("inputs", (str(spec) for spec in session.inputs)),
        *_listed("outputs", (str(spec) for spec in session.outputs)),
        ("exporter", printable_line(session.producer, MAX_TEXT) or "not stated"),
        *((name, _stated(session.metadata, keys)) for name, keys in STATED.items()),
    ]


def detector_facts(detector: OnnxDetector) -> list[tuple[str, str]]:
    """Return how the app uses the model."""
    model, labels = detector.model, detector.labels
    height, width = model.inputs.canvas
    return [
        ("format", model.model_format.NAME),
        *([("ignored", model.model_format.ignored)] if model.model_format.ignored else []),
        ("input size", f"{height} × {width}"),
        ("frames", str(model.preprocessing)),
        ("labels", f"{len(labels)}: {', '.join(labels)}" if labels else "unknown"),
    ]


def _listed(name: str, texts: Iterator[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield "" if number else name, printable_line(text, MAX_TEXT)


def _stated(metadata: Mapping[str, str], keys: tuple[str, ...]) -> str:
    found = {key.lower(): value for key, value in metadata.items()}
    return next((printable_line(found[key], MAX_TEXT) for key in keys if found.get(key)), "not stated")
