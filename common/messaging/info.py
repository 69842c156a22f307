"""Descriptions of cameras and processors that are sent to viewers."""

from pydantic import BaseModel, ConfigDict

from common.messaging.regions import Region


class CameraInfo(BaseModel):
    """A camera as it was configured; `source` contains no password."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: str
    capture_fps: float
    ui_fps: float
    ui_width: int


class ProcessorInfo(BaseModel):
    """A processor as it was configured, the model that it runs, "loading" until it is loaded, and its lines and zones.

    `has_model` is false for one that runs code of its own instead; `model` is then the name of that. `track` is the
    setting; a processor with a line or a zone tracks as well.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    has_model: bool = True
    model: str = "loading"
    labels: tuple[str, ...] = ()
    cameras: tuple[str, ...]
    fps: float
    min_score: float
    track: bool = False
    lines: tuple[Region, ...] = ()
    zones: tuple[Region, ...] = ()


class NodeInfo(BaseModel):
    """A machine that runs some of the roles: those of them that run, and the bytes that the server received of it.

    `round_trip_ms` is the time of a message to it and back, `frame_age_ms` the age of its newest frame when it arrived;
    both are None where they are unknown.
    """

    model_config = ConfigDict(frozen=True)

    connected: bool
    roles: tuple[str, ...] = ()
    received_bytes: int = 0
    round_trip_ms: float | None = None
    frame_age_ms: float | None = None
