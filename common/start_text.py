"""The lines that are printed at the start: the addresses to open, and what runs."""

from collections.abc import Sequence
from pathlib import Path

from common.config.settings import Settings
from common.descriptions import source_name


def start_text(command: str, settings: Settings, links: Sequence[str]) -> str:
    """Return the lines printed at the start: the address to open, and what runs."""
    link, *others = links or [f"node {settings.node}"]
    lines = [("Edge Vision", link), *(("  elsewhere", other) for other in others)]
    lines.append(("  implementation", "both, side by side" if command == "compare" else settings.impl))
    lines += _one_camera(settings) if len(settings.cameras) == len(settings.processors) == 1 else _several(settings)
    width = max(len(name) for name, _ in lines)
    return "\n".join([*(f"{name:{width}}  {value}" for name, value in lines), "Press Ctrl-C to stop."])


def _one_camera(settings: Settings) -> list[tuple[str, str]]:
    """Return the lines that describe the camera and the processor."""
    (camera,), (processor,) = settings.cameras, settings.processors
    rates = f"capture {camera.capture_fps:g}, UI {camera.ui_fps:g}, queue {processor.fps:g} FPS"
    return [
        ("  source", source_name(camera.source)),
        ("  model", Path(processor.model).name),
        ("  rates", rates),
    ]


def _several(settings: Settings) -> list[tuple[str, str]]:
    """Return a line for each camera and each processor."""
    cameras = [
        (f"  camera {each.name}", f"{source_name(each.source)}, capture {each.capture_fps:g}, UI {each.ui_fps:g} FPS")
        for each in settings.cameras
    ]
    processors = [
        (f"  processor {each.name}", f"{Path(each.model).name}, {each.fps:g} FPS of {', '.join(each.cameras)}")
        for each in settings.processors
    ]
    return cameras + processors
