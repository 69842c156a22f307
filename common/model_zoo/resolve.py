"""Paths of the bundled clip and model, and resolution of the source and model settings."""

import os
from pathlib import Path

from common.config.settings import Settings
from common.config.sinks import SinkSettings
from common.errors import ModelError, ProcessorError, SourceError
from common.model_zoo.catalogue import load_catalogue
from common.text import printable_line, redact

ROOT = Path(__file__).resolve().parents[2]


def sample_clip(root: Path = ROOT) -> Path:
    """Return the path of the clip that `sample` stands for. Raises SourceError if it is missing."""
    clip = root / "common/sample/road.mp4"
    if not clip.is_file():
        raise SourceError(f"the sample clip, {clip.relative_to(root)}, is missing; give a video with --source PATH")
    return clip


def default_model(root: Path = ROOT) -> Path:
    """Return the path of the model that `default` stands for. Raises ModelError if it is missing."""
    model = root / "models/tiny-yolov3-road.onnx"
    if not model.is_file():
        raise ModelError(f"the bundled model, {model.relative_to(root)}, is missing; give one with --model PATH")
    return model


def resolve_settings(settings: Settings) -> Settings:
    """Return `settings` with an absolute path for every file: the app does not need its working directory later.

    Raises SourceError and ModelError.
    """
    cameras = tuple(
        camera.model_copy(
            update={
                "source": resolve_source(camera.source),
                "detect_source": camera.detect_source and resolve_source(camera.detect_source),
            }
        )
        if settings.is_here(camera.node)
        else camera
        for camera in settings.cameras
    )
    processors = tuple(
        processor.model_copy(update={"model": str(resolve_model(processor.model)), "run": resolve_run(processor.run)})
        if settings.is_here(*processor.node)
        else processor
        for processor in settings.processors
    )
    cache = settings.cache_folder
    cache = str(ROOT / "models/cache") if cache == "default" else os.path.abspath(os.path.expanduser(cache))
    files = {name: os.path.abspath(path) for name in ("tls_cert", "tls_key") if (path := getattr(settings, name))}
    files["cache_folder"] = cache
    files["event_file"] = os.path.abspath(os.path.expanduser(settings.event_file))
    sections = {"cameras": cameras, "processors": processors, "sinks": tuple(map(resolve_sink, settings.sinks))}
    return settings.model_copy(update={**sections, **files})


def resolve_sink(sink: SinkSettings) -> SinkSettings:
    """Return `sink` with absolute paths."""
    paths = {
        name: os.path.abspath(os.path.expanduser(path))
        for name in ("path", "ca_file")
        if (path := getattr(sink, name, None))
    }
    return sink.model_copy(update=paths)


def resolve_run(text: str | None) -> str | None:
    """Return the code of a processor, a file with an absolute path. Raises ProcessorError if there is no file."""
    where, _, name = (text or "").rpartition(":")
    if not where.endswith(".py"):
        return text
    path = os.path.abspath(os.path.expanduser(where))
    if not os.path.isfile(path):
        raise ProcessorError(f"processor {where!r} does not exist; give FILE.py:NAME or package.module:NAME")
    return f"{path}:{name}"


def resolve_source(text: str, root: Path = ROOT) -> str:
    """Return what a source setting opens: an absolute path, or an index or URL unchanged. Opens nothing.

    Raises SourceError for a path without a file.
    """
    if text == "sample":
        return str(sample_clip(root))
    if text.isdecimal() or "://" in text:
        return text
    path = os.path.expanduser(text)
    if os.path.isdir(path):
        raise SourceError(f"source {text!r} is a folder; give a video file in it")
    if not os.path.exists(path):
        shown = redact(text) if "@" in text else text  # a mistyped URL with its password
        raise SourceError(f"source {shown!r} does not exist; give a video file, a camera's index or URL, or sample")
    return os.path.abspath(path)


def model_names() -> tuple[str, ...]:
    """Return `default` and the names of the models in models/."""
    return "default", *(model.stem for model in sorted((ROOT / "models").glob("*.onnx")))


def resolve_named_model(name: str) -> Path:
    """Return the path of `default` or of a model in models/ by its name, never of another file. Raises ModelError."""
    if name == "default":
        return default_model()
    models = {model.stem: model for model in sorted((ROOT / "models").glob("*.onnx"))}
    if name not in models:
        raise ModelError(f"{printable_line(name, 100)!r} is not one of {', '.join(['default', *models])}")
    return models[name]


def resolve_model(text: str, root: Path = ROOT) -> Path:
    """Return the absolute path of a model setting: `default`, the name of a file in models/, or a path. Opens nothing.

    Raises ModelError, with the names that exist, if it is none of these.
    """
    if text == "default":
        return default_model(root)
    folder = root / "models"
    models = {model.stem: model for model in sorted(folder.glob("*.onnx"))}
    if text in models:
        return models[text]
    path = os.path.expanduser(text)
    if os.path.isfile(path):
        return Path(os.path.abspath(path))
    known = load_catalogue(folder).get(text)
    if known and known.download:
        raise ModelError(f"model {text!r} is not downloaded; run: python main.py models fetch {text}")
    raise ModelError(f"model {text!r} is neither a file nor one of {', '.join(['default', *models])}")
