"""The lines that are printed at the start: the addresses to open, and what runs."""

from collections.abc import Sequence
from pathlib import Path

from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import Settings
from common.descriptions import source_name


def start_text(command: str, settings: Settings, links: Sequence[str]) -> str:
    """Return the lines printed at the start: the address to open, and what runs here."""
    link, *others = links or [f"node {settings.node}"]
    lines = [("Edge Vision", link), *(("  elsewhere", other) for other in others)]
    lines.append(("  implementation", "both, side by side" if command == "compare" else settings.impl))
    cameras = [each for each in settings.cameras if settings.is_here(each.node)]
    processors = [each for each in settings.processors if settings.is_here(*each.node)]
    if cameras and processors and len(settings.cameras) == len(settings.processors) == 1:
        lines += _one_camera(cameras[0], processors[0])
    else:
        lines += _several(cameras, processors)
    width = max(len(name) for name, _ in lines)
    return "\n".join([*(f"{name:{width}}  {value}" for name, value in lines), "Press Ctrl-C to stop."])


def _one_camera(camera: CameraSettings, processor: ProcessorSettings) -> list[tuple[str, str]]:
    """Return the lines that describe the only camera and the only processor."""
    rates = f"capture {camera.capture_fps:g}, UI {camera.ui_fps:g}, queue {processor.fps:g} FPS"
    return [
        ("  source", source_name(camera.source)),
        ("  processor" if processor.run else "  model", _code_or_model(processor)),
        ("  rates", rates),
    ]


def _several(cameras: Sequence[CameraSettings], processors: Sequence[ProcessorSettings]) -> list[tuple[str, str]]:
    """Return a line for each camera and each processor."""
    return [
        *(
            (
                f"  camera {each.name}",
                f"{source_name(each.source)}, capture {each.capture_fps:g}, UI {each.ui_fps:g} FPS",
            )
            for each in cameras
        ),
        *(
            (f"  processor {each.name}", f"{_code_or_model(each)}, {each.fps:g} FPS of {', '.join(each.cameras)}")
            for each in processors
        ),
    ]


def _code_or_model(processor: ProcessorSettings) -> str:
    return Path(processor.run or processor.model).name
