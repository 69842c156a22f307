"""The settings of one camera and of one processor, with every default resolved."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from common.config.fields import (
    PROCESSOR_PATTERN,
    Name,
    ProviderName,
    Quality,
    Rate,
    Score,
    SettingsModel,
    Text,
    Width,
)
from common.config.nodes import Nodes
from common.config.regions import Lines, Zones, check_names

MAIN = "main"
"""The name of the only camera, and of the only processor, where none is configured."""


class CameraSettings(SettingsModel):
    """One camera. `detect_source` is a smaller stream of the same camera for the processors, None without one."""

    DEFAULTS: ClassVar[Mapping[str, str]] = {
        name: name for name in ("capture_fps", "ui_fps", "ui_width", "jpeg_quality")
    } | {"node": "server_node"}
    """The settings that default to one of `Settings`, by name here and there."""

    name: Name
    node: Name = "main"
    source: Annotated[Text, Field(repr=False)]  # a URL may contain a password
    detect_source: Annotated[Text | None, Field(repr=False)] = None
    capture_fps: Rate
    ui_fps: Rate
    ui_width: Width
    jpeg_quality: Quality

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if self.ui_fps > self.capture_fps:
            raise ValueError(f"ui_fps ({self.ui_fps:g}) must not exceed capture_fps ({self.capture_fps:g})")
        return self


class ProcessorSettings(SettingsModel):
    """One processor. `fps` are the frames a second of each of its `cameras`, which its `workers` share.

    `node` may be several, among which the workers are distributed in turn.

    With `run` your own code processes the frames instead of the model, with `options` as its arguments. `track` gives
    detections a track id; `lines` and `zones` count tracks.
    """

    DEFAULTS: ClassVar[Mapping[str, str]] = {
        "model": "model",
        "run": "processor",
        "input_size": "input_size",
        "provider": "provider",
        "device": "device",
        "fps": "queue_fps",
        "min_score": "min_score",
        "cameras": "cameras",
        "node": "server_node",
    }
    """As in `CameraSettings`."""

    name: Name
    model: Text
    run: Annotated[Text | None, Field(pattern=PROCESSOR_PATTERN)] = None
    options: dict[str, Any] = Field(default_factory=dict)
    track: bool = False
    lines: Lines = ()
    zones: Zones = ()
    input_size: Annotated[int | None, Field(ge=32, le=4096)] = None
    provider: ProviderName
    device: Text | None = None
    cameras: Annotated[tuple[Text, ...], Field(min_length=1)]
    fps: Rate
    node: Nodes = ("main",)
    workers: Annotated[int, Field(ge=1, le=16)] = 1
    min_score: Score

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.options and self.run is None:
            raise ValueError("options need run, the code that takes them")
        check_names(self.lines, self.zones)
        return self

    @property
    def runs_file(self) -> bool:
        """Whether your own code is a file, `FILE.py:NAME`, and not a module."""
        return (self.run or "").rpartition(":")[0].endswith(".py")

    def node_of(self, worker: int) -> str:
        """Return the node that runs a worker, numbered from 1."""
        return self.node[(worker - 1) % len(self.node)]

    @model_validator(mode="after")
    def _check_workers(self) -> Self:
        if self.workers < len(self.node):
            raise ValueError(f"workers ({self.workers}) must be at least one for each of the {len(self.node)} nodes")
        return self

    @model_validator(mode="after")
    def _check_device(self) -> Self:
        if self.device is not None and self.provider == "auto":
            raise ValueError(f"device ({self.device!r}) needs a provider by name, not auto")
        return self


def complete(sections: object, names: Mapping[str, str], defaults: Mapping[str, Any]) -> object:
    """Add `defaults` to tables of the TOML file: `names` maps a setting to its default. Other types are left alone."""
    if not isinstance(sections, list):
        return sections
    known = {name: defaults[default] for name, default in names.items() if default in defaults}
    return [known | section if isinstance(section, dict) else section for section in sections]


def webcams(cameras: Sequence[CameraSettings]) -> Iterator[tuple[str, int]]:
    """Yield the place and the index of each webcam, which only one camera can open."""
    for number, camera in enumerate(cameras):
        for name, source in (("source", camera.source), ("detect_source", camera.detect_source or "")):
            if source.isdecimal():
                yield f"cameras[{number}].{name}", int(source)
