"""Descriptions of cameras and processors that are sent to viewers."""

from pydantic import BaseModel, ConfigDict


class CameraInfo(BaseModel):
    """A camera as it was configured; `source` contains no password."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: str
    capture_fps: float
    ui_fps: float
    ui_width: int


class ProcessorInfo(BaseModel):
    """A processor as it was configured, and the model that it runs, "loading" before it is known."""

    model_config = ConfigDict(frozen=True)

    name: str
    model: str = "loading"
    labels: tuple[str, ...] = ()
    cameras: tuple[str, ...]
    fps: float
    min_score: float
