"""`models check`: what a model is, how fast it is on this machine, and what it detects in one frame."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import shorten, wrap

import numpy as np

from common.config.command_line import Parser
from common.config.fields import ProviderName
from common.detection.detector import load_detector
from common.detection.nms import class_agnostic_nms
from common.detection.providers import NAMES, ExecutionOptions
from common.detection.session import available_providers, open_session
from common.errors import SettingsError
from common.frames import Image
from common.messaging.messages import Detection
from common.model_commands.annotated_frame import annotated, read_image, sample_frame, save_new
from common.model_commands.facts import detector_facts, file_facts
from common.model_commands.layout import WIDTH, block, columns
from common.model_commands.speed import MIN_SCORE, RUNS, measure
from common.model_zoo.resolve import ROOT, default_model, resolve_model
from common.telemetry.machine import inference_threads

MAX_LISTED = 12  # detections


def check(words: Sequence[str]) -> Iterator[str]:
    """Yield the report in parts, each as soon as it is known. Raises UserError."""
    arguments = parser().parse_args(words)
    model = resolve_model(arguments.model)
    image = read_image(Path(arguments.image)) if arguments.image else sample_frame()
    where = shorten(Path(arguments.image).name, 30) if arguments.image else "the bundled frame"
    providers, threads = providers_to_measure(arguments.provider), inference_threads()

    yield block(model.name, file_facts(model, open_session(model, threads)))
    detector = load_detector(model, threads, ExecutionOptions(providers[0]))
    yield block("", detector_facts(detector))
    yield speed_table(model, image, providers, threads)
    found = class_agnostic_nms(detector.detect(image, MIN_SCORE).detections)
    yield detection_table(found, image, where)
    yield f"drawn in {save_new(annotated(image, found), Path(f'{model.stem}-check.png'))}"


def parser() -> Parser:
    """Return the parser of the arguments."""
    parser = Parser(
        prog="python main.py models check",
        description="Report what a model is, how fast it is on this machine beside the bundled model, and what it "
        "detects in one frame, which is saved as a PNG file in the working directory.",
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="FILE", help="ONNX file, the name of a model in models/, or default")
    parser.add_argument("--image", metavar="FILE", help="image to run the model on [a frame of the bundled clip]")
    parser.add_argument("--provider", metavar="NAME", help="execution provider to measure [all that are installed]")
    return parser


def providers_to_measure(wanted: str | None) -> list[ProviderName]:
    """Return the wanted provider, or all that are installed, the CPU first. Raises SettingsError."""
    available = available_providers()
    installed = [name for name, full_name in reversed(NAMES.items()) if full_name in available]
    if wanted and wanted not in installed:
        raise SettingsError(f"--provider: {wanted!r} is not installed; choose from {', '.join(installed)}")
    return [name for name in installed if wanted in (None, name)]


def speed_table(model: Path, image: Image, providers: Sequence[ProviderName], threads: int) -> str:
    """Return the table of the speed of `model` and of the bundled model with each provider."""
    rows: list[tuple[str, ...]] = [("", "inference", "processing", "bundled model: inference", "processing")]
    failures: list[str] = []
    for provider in providers:
        execution = ExecutionOptions(provider, cache_folder=ROOT / "models/cache")
        detectors = [load_detector(each, threads, execution) for each in (model, default_model())]
        failures += [f"{each.name} not on {failure}" for each in detectors for failure in each.choice.failures]
        if not any(each.choice.failures for each in detectors):
            times_ms = [time_ms for speed in measure(detectors, image) for time_ms in speed]
            rows.append((provider, *(f"{time_ms:.2f}" for time_ms in times_ms)))
    title = f"speed in ms: median of {RUNS} runs with {threads} thread{'s' if threads > 1 else ''} of the CPU"
    return "\n".join([title, columns(rows), *(line for failure in failures for line in wrap(failure, WIDTH))])


def detection_table(found: Sequence[Detection], image: Image, where: str) -> str:
    """Return the table of the best detections, with boxes in pixels of the image."""
    height, width = image.shape[:2]
    rows: list[tuple[str, ...]] = [("", "score", "x1", "y1", "x2", "y2")]
    for each in found[:MAX_LISTED]:
        corners = np.multiply(each.box, (width, height, width, height))
        rows.append((each.label, f"{each.score:.2f}", *(f"{corner:.0f}" for corner in corners)))
    title = f"detections from score {MIN_SCORE:g} in {where}, {width} × {height} pixels: {len(found)}"
    more = [f"  and {len(found) - MAX_LISTED} more"] if len(found) > MAX_LISTED else []
    return "\n".join([title, *([columns(rows)] if found else []), *more])
