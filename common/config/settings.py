"""All settings: their names, defaults, limits and meanings."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator

from common.config.faults import sentence
from common.config.fields import (
    PROCESSOR_PATTERN,
    Name,
    Origin,
    ProviderName,
    Quality,
    Rate,
    Score,
    SettingsModel,
    Text,
    Width,
    as_browsers_write,
    check_distinct,
)
from common.config.nodes import ServerSettings, ZenohSettings
from common.config.sections import MAIN, CameraSettings, ProcessorSettings, complete, webcams
from common.config.sinks import SinkSettings
from common.errors import SettingsError


class LiveSettings(SettingsModel):
    """The settings that a viewer may change while the app runs."""

    min_score: Annotated[Score, Field(description="confidence threshold: detections below it are omitted")] = 0.3
    infer_repeat: Annotated[
        int, Field(ge=1, le=100, description="inference runs per frame, to simulate a heavier model")
    ] = 1
    python_work_ms: Annotated[
        float, Field(ge=0, le=10_000, description="milliseconds of pure Python work per frame, as a tracker would do")
    ] = 0
    session_per_frame: Annotated[bool, Field(description="create a new inference session for each frame")] = False

    def changed(self, name: str, value: bool | int | float) -> "LiveSettings":
        """Return a copy with `name` set to `value`. Raises SettingsError for an unknown name or a bad value."""
        if name not in LiveSettings.model_fields:
            raise SettingsError(f"{name!r} is not one of {', '.join(LiveSettings.model_fields)}")
        values = {each: getattr(self, each) for each in LiveSettings.model_fields}
        try:
            return LiveSettings(**(values | {name: value}))
        except ValidationError as error:
            fault = sentence(error.errors()[0], LiveSettings.model_fields[name])
            raise SettingsError(f"{name}: {fault}") from error


class Settings(LiveSettings):
    """All settings, as they are at the start.

    What describes a camera or a processor here is the default of those in `cameras` and `processors`. Without cameras
    there is one, MAIN, with the source given here; without processors there is one, MAIN, for all cameras.
    """

    impl: Annotated[
        Literal["multiprocessing", "threading", "zenoh"],
        Field(description="run each role in a process, in a thread, or in a process on any machine"),
    ] = "multiprocessing"
    source: Annotated[
        Text,
        Field(repr=False, description="video file, URL or index of a camera, or sample: the bundled clip"),
    ] = "sample"
    capture_fps: Annotated[Rate, Field(description="frames read from the source")] = 30
    ui_fps: Annotated[Rate, Field(description="frames sent to the page; at most the capture rate")] = 15
    queue_fps: Annotated[Rate, Field(description="frames queued for the detector; at most the capture rate")] = 5
    model: Annotated[Text, Field(description="ONNX file, or the name of a model in models/")] = "default"
    processor: Annotated[
        Text | None,
        Field(
            pattern=PROCESSOR_PATTERN,
            description="your own code instead of a model: FILE.py:NAME or package.module:NAME",
        ),
    ] = None
    reload: Annotated[bool, Field(description="load the file of --processor again whenever it changes")] = False
    input_size: Annotated[
        int | None,
        Field(ge=32, le=4096, description="side in pixels of the square input of a model that leaves its size open"),
    ] = None
    provider: Annotated[
        ProviderName, Field(description="execution provider that runs the model; auto: the fastest that works here")
    ] = "auto"
    device: Annotated[
        Text | None, Field(description="device in the notation of the provider, such as 0 for cuda or GPU for openvino")
    ] = None
    cache_folder: Annotated[
        Text, Field(description="folder for models that a provider has compiled; default: models/cache of the app")
    ] = "default"
    host: Annotated[Text, Field(description="address to listen on; a token is required unless it is loopback")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="port of the page; 0 selects a free one")] = 7001
    token: Annotated[
        SecretStr | None,
        Field(min_length=1, description="token that viewers must present; generated where required but not given"),
    ] = None
    tls_cert: Annotated[
        Text | None, Field(description="PEM file of a certificate, to serve https; requires --tls-key")
    ] = None
    tls_key: Annotated[Text | None, Field(description="PEM file of the certificate's key, without a passphrase")] = None
    allowed_origins: Annotated[
        tuple[Origin, ...],
        Field(
            description="origin of pages that may embed the page and its images; may be repeated",
            examples=["https://home.example:8123"],
        ),
    ] = ()
    allow_save: Annotated[
        bool, Field(description="permit viewers to save the lines and zones that they draw to the settings file")
    ] = False
    ui_width: Annotated[
        Width, Field(description="maximum width of the frames sent to the page, in pixels; 0: as captured")
    ] = 1280
    jpeg_quality: Annotated[Quality, Field(description="JPEG quality of the frames sent to the page")] = 80
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="minimum level of the lines to log")
    ] = "info"
    node: Annotated[
        Name | None, Field(description="run only what the file gives to this node; requires --impl zenoh")
    ] = None
    server: ServerSettings = ServerSettings()
    zenoh: ZenohSettings = ZenohSettings()
    event_file: Annotated[Text, Field(description="SQLite file that keeps events until every sink has sent them")] = (
        "vision-events.sqlite"
    )
    keep_events: Annotated[
        int, Field(ge=100, le=10_000_000, description="events in that file; older ones are removed, sent or not")
    ] = 10_000
    sinks: Annotated[tuple[SinkSettings, ...], Field(max_length=16)] = ()
    # Declared last: their validators need the values above.
    cameras: Annotated[tuple[CameraSettings, ...], Field(min_length=1, max_length=64)] = ()
    processors: Annotated[tuple[ProcessorSettings, ...], Field(min_length=1, max_length=16)] = ()

    @field_validator("log_level", mode="before")
    @classmethod
    def _convert_to_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        """Split the text of an environment variable at commas, and write origins as browsers do."""
        origins = value.split(",") if isinstance(value, str) else value
        if not isinstance(origins, list | tuple):
            return value
        return [as_browsers_write(origin) if isinstance(origin, str) else origin for origin in origins]

    @field_validator("cameras", mode="before")
    @classmethod
    def _complete_cameras(cls, value: object, info: ValidationInfo) -> object:
        if value == ():
            value = [{"name": MAIN, "source": info.data.get("source")}]
        return complete(value, CameraSettings.DEFAULTS, info.data | server_node(info))

    @field_validator("processors", mode="before")
    @classmethod
    def _complete_processors(cls, value: object, info: ValidationInfo) -> object:
        names = [camera.name for camera in info.data.get("cameras", ())]
        if value == ():
            value = [{"name": MAIN}]
        return complete(value, ProcessorSettings.DEFAULTS, info.data | server_node(info) | {"cameras": names})

    @model_validator(mode="after")
    def _check_certificate_and_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise ValueError(f"{given} needs {missing} as well")
        return self

    @model_validator(mode="after")
    def _check_sections(self) -> Self:
        check_distinct((f"cameras[{index}].name", camera.name) for index, camera in enumerate(self.cameras))
        check_distinct((f"processors[{index}].name", each.name) for index, each in enumerate(self.processors))
        check_distinct((f"sinks[{index}].name", sink.name) for index, sink in enumerate(self.sinks))
        check_distinct(webcams(self.cameras))
        return self

    @model_validator(mode="after")
    def _check_processors(self) -> Self:
        cameras = {camera.name: camera for camera in self.cameras}
        for index, processor in enumerate(self.processors):
            for name in processor.cameras:
                if name not in cameras:
                    raise ValueError(f"processors[{index}].cameras ({name}) must be among {', '.join(cameras)}")
                if processor.fps > (limit := cameras[name].capture_fps):
                    setting = f"processors[{index}].fps" if "processors" in self.model_fields_set else "queue_fps"
                    camera = f" of camera {name}" if "cameras" in self.model_fields_set else ""
                    raise ValueError(f"{setting} ({processor.fps:g}) must not exceed capture_fps ({limit:g}){camera}")
        return self

    @model_validator(mode="after")
    def _check_reload(self) -> Self:
        if self.reload and not any(processor.runs_file for processor in self.processors):
            raise ValueError("reload needs your own code: --processor FILE.py:NAME, or run in [[processors]]")
        return self

    @model_validator(mode="after")
    def _check_nodes(self) -> Self:
        if self.impl != "zenoh" and (self.node is not None or len(self.nodes) > 1):
            raise ValueError(f"node ({self.node or self.nodes[-1]}) needs --impl zenoh")
        if self.node is None:
            return self
        if self.node not in self.nodes:
            raise ValueError(f"node ({self.node}) must be one of {', '.join(self.nodes)}")
        if self.zenoh.hub is None and self.zenoh.config is None:
            raise ValueError(f"node ({self.node}) needs zenoh.hub, the address to which the nodes connect")
        return self

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes, the first one that of the hub."""
        cameras = (camera.node for camera in self.cameras)
        processors = (node for processor in self.processors for node in processor.node)
        return tuple(dict.fromkeys((*self.server.node, *cameras, *processors)))

    def is_here(self, *nodes: str) -> bool:
        """Return whether one of `nodes` is this one. Without --node, all of them are."""
        return self.node is None or self.node in nodes

    @property
    def live(self) -> LiveSettings:
        """The settings that viewers may change."""
        return LiveSettings(**self.model_dump(include=set(LiveSettings.model_fields)))


def server_node(info: ValidationInfo) -> dict[str, str]:
    """Return the node of the hub, the default of cameras and processors, or nothing if it is invalid."""
    server = info.data.get("server")
    return {"server_node": server.node[0]} if server else {}
