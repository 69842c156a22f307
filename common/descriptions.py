"""Descriptions of cameras and sources to display."""

from pathlib import Path

from common.config.sections import CameraSettings
from common.messaging.info import CameraInfo
from common.text import redact


def camera_info(camera: CameraSettings) -> CameraInfo:
    """Return the description of a camera for viewers."""
    return CameraInfo(
        name=camera.name,
        source=source_name(camera.source),
        capture_fps=camera.capture_fps,
        ui_fps=camera.ui_fps,
        ui_width=camera.ui_width,
    )


def source_name(source: str) -> str:
    """Return the name of a source to display, without credentials."""
    if source.isdecimal():
        return f"camera {int(source)}"
    return redact(source) if "://" in source else Path(source).name
