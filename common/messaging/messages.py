"""The wire: the messages that websockets carry, and their validation.

Role (provider, processor, supervisor) → server, on the ingest socket: a frame, Detections, Event, Model,
MetricsReport, Status.
Server → role: SettingChange, ModelChange, RegionsChange, ViewerCount.
Server → viewer, on /ws/ui: a frame, Hello, Detections, Event, Stats, Status, Refusal.
Viewer → server: Ack, SettingChange, ModelChange, RegionsChange, Watch.

A frame is a binary message: 4 bytes, big-endian, with the length of the header; the header, a FrameHeader as UTF-8
JSON; the JPEG. All other messages are text: JSON objects with a "type".
"""

from collections.abc import Sized
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from common.errors import MessageError
from common.messaging.base import MAX_STATUS_CHARACTERS, FrameId, Measure, Message, Name, UnixTime, fit_status_text
from common.messaging.event import Event
from common.messaging.info import CameraInfo, NodeInfo, ProcessorInfo
from common.messaging.regions import RegionsChange
from common.messaging.report import MetricsReport
from common.messaging.shapes import Shape
from common.text import printable_line

PROTOCOL = 1
MAX_HEADER_BYTES = 1024
MAX_VALUES = 50
MAX_SHAPES = 100
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Pixels: TypeAlias = Annotated[int, Field(gt=0, lt=2**16)]  # sides that a JPEG can have
State: TypeAlias = Literal["ok", "degraded", "lost", "restarting", "failed"]
UNNAMED = "main"  # the only camera, and the only processor, where none is configured


def is_empty(value: Sized) -> bool:
    """Return whether a field is to be omitted from the JSON."""
    return not value


class FrameHeader(Message):
    """Header of a frame. `captured_at` is Unix time in seconds; `width` and `height` are pixels of the JPEG.

    `tile` is true, and otherwise absent, for a smaller copy of a frame, for viewers that show its camera as a tile.
    """

    camera: Name
    frame_id: FrameId
    captured_at: UnixTime
    width: Pixels
    height: Pixels
    tile: Annotated[bool, Field(exclude_if=lambda tile: not tile)] = False


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Detection:
    """One object. `box` is x1, y1, x2, y2 as fractions of the frame; `track_id` is the same in successive frames."""

    label: Name
    score: Fraction
    box: tuple[Fraction, Fraction, Fraction, Fraction]
    track_id: Annotated[int | None, Field(ge=0, lt=2**53, exclude_if=lambda track_id: track_id is None)] = None


class Detections(Message):
    """All objects that a processor found in frame `frame_id`.

    `inference_ms` is the time of `session.run` alone, `processing_ms` that of the whole processor. `values` are named
    numbers, and `shapes` are to be drawn over the frame; both are absent where there are none.
    """

    type: Literal["detections"] = "detections"
    camera: Name
    processor: Name = UNNAMED
    frame_id: FrameId
    captured_at: UnixTime
    inference_ms: Measure
    processing_ms: Measure
    detections: tuple[Detection, ...]
    values: Annotated[dict[Name, Measure], Field(max_length=MAX_VALUES, exclude_if=is_empty)] = Field(
        default_factory=dict
    )
    shapes: Annotated[tuple[Shape, ...], Field(max_length=MAX_SHAPES, exclude_if=is_empty)] = ()


class Model(Message):
    """The model that a processor runs, and all labels that it can give."""

    type: Literal["model"] = "model"
    processor: Name = UNNAMED
    name: Name
    labels: tuple[Name, ...]


class Status(Message):
    """State of a component; `message` is a sentence to display.

    `camera` or `processor` names which one, and is absent where there is one without a name.
    """

    type: Literal["status"] = "status"
    component: Name
    camera: Name | None = None
    processor: Name | None = None
    state: State
    message: Annotated[str, Field(max_length=MAX_STATUS_CHARACTERS), BeforeValidator(fit_status_text)] = ""


class Rates(Message):
    """The three configured rates."""

    capture_fps: float
    ui_fps: float
    queue_fps: float


class Hello(Message):
    """First message to a viewer, sent again when a field changes (a model was loaded, a setting changed).

    `models` are the names that a ModelChange can have. `model` is that of the first processor, `labels` are of all.
    `may_save`: viewers may save lines and zones to the settings file.
    """

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL
    implementation: Name
    model: str
    source: str
    rates: Rates
    labels: tuple[Name, ...]
    settings: dict[Name, bool | int | float]
    models: tuple[str, ...] = ()
    cameras: tuple[CameraInfo, ...] = ()
    processors: tuple[ProcessorInfo, ...] = ()
    may_save: bool = False


class Stats(Message):
    """Statistics over the last seconds, sent once a second. common/server/stats.py documents the keys."""

    type: Literal["stats"] = "stats"
    viewers: int
    rates: dict[Name, float]
    counters: dict[Name, float]
    drops: dict[Name, float]
    percentiles: dict[Name, dict[Name, float]]
    roles: dict[Name, dict[Name, int | float]]
    machine: dict[Name, float]
    cameras: dict[Name, dict[Name, dict[Name, Any]]] = Field(default_factory=dict)
    processors: dict[Name, dict[Name, dict[Name, Any]]] = Field(default_factory=dict)
    results: dict[Name, dict[Name, float]] = Field(default_factory=dict)
    nodes: dict[Name, NodeInfo] = Field(default_factory=dict)


class Ack(Message):
    """The viewer has painted this frame. Returns one credit of its camera, which need not be named if there is one."""

    type: Literal["ack"] = "ack"
    camera: Name | None = None
    frame_id: int


class SettingChange(Message):
    """Change of a live setting. The owner of the setting checks the value."""

    type: Literal["set"] = "set"
    name: Name
    value: bool | int | float


class Watch(Message):
    """Select the cameras whose frames and detections the viewer gets from now on.

    `width` is the width in pixels at which they are shown, for a viewer that shows them as tiles; None for full frames.
    """

    type: Literal["watch"] = "watch"
    cameras: Annotated[tuple[Name, ...], Field(max_length=64)]
    width: Pixels | None = None


class ViewerCount(Message):
    """Number of subscribers for full frames, of several cameras also for each. At 0 a provider encodes none.

    `tiles` has the cameras that are shown as a tile, with the width in pixels of the widest tile.
    """

    type: Literal["viewers"] = "viewers"
    count: Annotated[int, Field(ge=0)]
    cameras: dict[Name, Annotated[int, Field(ge=0)]] | None = None
    tiles: Annotated[dict[Name, Pixels], Field(exclude_if=is_empty)] = Field(default_factory=dict)


class ModelChange(Message):
    """Request for another model: `default`, or the name of one in models/, never a path. The processor checks it.

    `processor` is the one that is to run it; without it, all processors that run a model.
    """

    type: Literal["model_change"] = "model_change"
    processor: Name | None = None
    model: Name


IngestMessage: TypeAlias = Detections | Event | Model | MetricsReport | Status
Change: TypeAlias = SettingChange | ModelChange | RegionsChange
ServerMessage: TypeAlias = Change | ViewerCount
ViewerMessage: TypeAlias = Ack | SettingChange | ModelChange | RegionsChange | Watch


def label(name: str, among: Sized) -> str | None:
    """Return the name of a camera or processor for a Status; None where it is the only one, without a name."""
    return None if len(among) == 1 and name == UNNAMED else name


def kind_of(message: Message) -> str:
    """Return the kind of a message: where only the newest one is kept, it replaces an unsent one of its own kind."""
    names = (getattr(message, name, None) for name in ("component", "camera", "processor"))
    return " ".join([type(message).__name__, *(name or "-" for name in names)])


def kind_to_role(message: ServerMessage) -> str:
    """Return the kind of a message to a role, which replaces an unsent one of its own kind."""
    match message:
        case SettingChange(name=name):
            return name
        case RegionsChange(processor=processor) | ModelChange(processor=processor):
            return f"{message.type} {processor}"
    return message.type


T = TypeVar("T")

_ingest: TypeAdapter[IngestMessage] = TypeAdapter(Annotated[IngestMessage, Field(discriminator="type")])
_server: TypeAdapter[ServerMessage] = TypeAdapter(Annotated[ServerMessage, Field(discriminator="type")])
_viewer: TypeAdapter[ViewerMessage] = TypeAdapter(Annotated[ViewerMessage, Field(discriminator="type")])


def parse_ingest(text: str) -> IngestMessage:
    """Parse a text message from a role. Raises MessageError."""
    return _parse(_ingest, text)


def parse_server(text: str) -> ServerMessage:
    """Parse a text message from the server to a role. Raises MessageError."""
    return _parse(_server, text)


def parse_viewer(text: str) -> ViewerMessage:
    """Parse a text message from a viewer. Raises MessageError."""
    return _parse(_viewer, text)


def _parse(adapter: TypeAdapter[T], text: str) -> T:
    try:
        return adapter.validate_json(text, strict=True)
    except ValidationError as error:
        raise MessageError(_first_error(error)) from error


def pack_frame(header: FrameHeader, jpeg: bytes) -> bytes:
    """Return the binary message for a frame."""
    head = header.model_dump_json().encode()
    return len(head).to_bytes(4, "big") + head + jpeg


def unpack_frame(message: bytes) -> tuple[FrameHeader, bytes]:
    """Return the header and the JPEG of a frame message. Raises MessageError."""
    length = int.from_bytes(message[:4], "big")
    if not 0 < length <= MAX_HEADER_BYTES:
        raise MessageError(f"frame header of {length} bytes; the limit is {MAX_HEADER_BYTES}")
    try:
        header = FrameHeader.model_validate_json(message[4 : 4 + length], strict=True)
    except ValidationError as error:
        raise MessageError(_first_error(error)) from error
    jpeg = message[4 + length :]
    if not (jpeg.startswith(JPEG_START) and jpeg.endswith(JPEG_END)):
        raise MessageError("frame without a complete JPEG")
    return header, jpeg


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    location = ".".join(str(part) for part in first["loc"])
    text = f"{location}: {first['msg']}" if location else first["msg"]
    return printable_line(text, 300)  # keys of the message can be part of it, and it is logged
