"""Load what processes frames: the model, or the user's code."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.detection.detector import OnnxDetector, load_detector
from common.detection.experiments import ExperimentalDetector
from common.detection.live import Live
from common.detection.model_processing import ModelProcessing
from common.detection.model_switch import ModelSwitch
from common.detection.options import ProcessorOptions
from common.detection.outcome import Outcome
from common.detection.providers import Choice
from common.detection.reloading import ReloadingProcessing
from common.detection.user_code import load_user_code
from common.frames import Frame
from common.interfaces import StopSignal
from common.messaging.base import Message
from common.messaging.messages import Model, ServerMessage, Status
from common.model_zoo.resolve import resolve_named_model
from common.telemetry.machine import inference_threads
from common.text import labelled

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedProcessing:
    """What processes frames, the messages that announce it, and what handles messages of the server."""

    process: Callable[[Frame], Outcome]
    announcements: list[Message]
    handlers: list[Callable[[ServerMessage], None]]


def load_processing(
    options: ProcessorOptions, live: Live, stop: StopSignal, report: Callable[[Message], None]
) -> LoadedProcessing:
    """Load the model, or the user's code."""
    if options.run and options.reload:
        reloading = ReloadingProcessing(options.run, options.run_options, report)
        return LoadedProcessing(reloading, [Model(processor=options.name, name=reloading.name, labels=())], [])
    if options.run:
        user = load_user_code(options.run, options.run_options)
        logger.info("%s", labelled(options.label, f"{options.run} is loaded"))
        return LoadedProcessing(user, [Model(processor=options.name, name=user.name, labels=())], [])

    def load(path: Path) -> OnnxDetector:
        size = (options.input_size, options.input_size) if options.input_size else None
        detector = load_detector(path, inference_threads(), options.execution, size)
        logger.info("%s", labelled(options.label, f"{detector} on {detector.choice}"))
        if detector.choice.warning:
            logger.warning("%s", detector.choice.warning)
        return detector

    def stopped() -> bool:
        stop.beat()
        return stop.is_set()

    detector = load(options.model)
    switch = ModelSwitch(detector, lambda name: load(resolve_named_model(name)), report, options.name)
    process = ModelProcessing(ExperimentalDetector(switch, live, stopped), live)
    announcements = [
        Model(processor=options.name, name=detector.name, labels=detector.labels),
        status_of(detector.choice),
    ]
    return LoadedProcessing(process, announcements, [switch.handle])


def status_of(choice: Choice) -> Status:
    """Return the status that reports the execution provider in use."""
    if choice.warning:
        return Status(component="inference", state="degraded", message=choice.warning)
    return Status(component="inference", state="ok", message=f"runs on {choice.provider}")
