"""The wire: every message that passes a websocket, and its checks.

Provider, processor and supervisor → server (the ingest socket): a frame, Detections, Model, MetricsReport, Status.
Server → viewer (/ws/ui): a frame, Hello, Detections, Stats, Status. Viewer → server: Ack, SettingChange.
Server → roles: SettingChange.

A frame is binary: 4 bytes, big-endian, the length of the header; the header, a FrameHeader as UTF-8 JSON;
then the JPEG. Everything else is text, JSON with a "type".
"""

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import MessageError
from common.text import plain

PROTOCOL = 1
MAX_HEADER_BYTES = 1024
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Time: TypeAlias = Literal[
    "encode_ms", "inference_ms", "processing_ms", "processor_age_ms", "paint_age_ms", "gil_delay_ms"
]
Count: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]  # sums of these stay numbers
Measure: TypeAlias = Annotated[float, Field(ge=-1e15, le=1e15)]  # a clock that is set makes ages odd, also negative
UnixTime: TypeAlias = Annotated[float, Field(ge=0, le=1e11)]  # in seconds, for three thousand years
FrameId: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]  # what JavaScript can tell apart
Pixels: TypeAlias = Annotated[int, Field(gt=0, lt=2**16)]  # what a JPEG can have
State: TypeAlias = Literal["ok", "lost", "restarting", "failed"]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


def for_people(text: str) -> str:
    """`text` as it fits a line of the page: cut to 500 characters, and real Unicode, whatever an error was made of."""
    return text[:500].encode(errors="replace").decode()


class Message(BaseModel):
    """Checked when it is made and unchanged after; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FrameHeader(Message):
    """What a viewer must know of a frame. `captured_at` is Unix time in seconds; sizes are pixels."""

    camera: Name
    frame_id: FrameId
    captured_at: UnixTime
    width: Pixels
    height: Pixels


class DetectionItem(Message):
    """One object; `box` is x1, y1, x2, y2 as fractions of the frame."""

    label: Name
    score: Fraction
    box: tuple[Fraction, Fraction, Fraction, Fraction]


class Detections(Message):
    """What was found in frame `frame_id`. inference_ms is `session.run` alone; processing_ms all of it."""

    type: Literal["detections"] = "detections"
    camera: Name
    frame_id: FrameId
    captured_at: UnixTime
    inference_ms: Measure
    processing_ms: Measure
    detections: tuple[DetectionItem, ...]


class Model(Message):
    """Which model the processor runs, and every label it can give."""

    type: Literal["model"] = "model"
    name: Name
    labels: tuple[Name, ...]


class MetricsReport(Message):
    """What one role measured since its last report, about a second ago.

    counts are increments, keyed by stage (captured, queued …); drops as well, keyed by "consumer/cause"; samples are
    every single time measured, in ms; gauges the state at this moment (cpu_percent of one core, memory_mb).
    """

    type: Literal["report"] = "report"
    role: Name
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    counts: dict[Name, Count] = {}
    drops: dict[Annotated[str, Field(max_length=100, pattern="^[^/]+/.+$")], Count] = {}
    samples: dict[Time, Annotated[tuple[Measure, ...], Field(min_length=1)]] = {}
    gauges: dict[Name, Measure] = {}


class Status(Message):
    """How a component is; `message` is a sentence for people."""

    type: Literal["status"] = "status"
    component: Name
    state: State
    message: Annotated[str, AfterValidator(for_people)] = ""


class Rates(Message):
    """The three rates that were asked for."""

    capture_fps: float
    ui_fps: float
    queue_fps: float


class Hello(Message):
    """The first message to a viewer, said again when a field changes (a model was loaded, a setting set)."""

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL
    implementation: Name
    model: str
    source: str
    rates: Rates
    labels: tuple[Name, ...]
    settings: dict[Name, bool | int | float]


class Stats(Message):
    """Once a second: all that was measured over the last seconds. The keys are said in common/server/stats.py."""

    type: Literal["stats"] = "stats"
    viewers: int
    rates: dict[Name, float]
    counters: dict[Name, float]
    drops: dict[Name, float]
    percentiles: dict[Name, dict[Name, float]]
    roles: dict[Name, dict[Name, float]]
    machine: dict[Name, float]


class Ack(Message):
    """A viewer painted this frame; one of its credits comes back."""

    type: Literal["ack"] = "ack"
    frame_id: int


class SettingChange(Message):
    """A setting changed while running. Its value is checked where the setting lives."""

    type: Literal["set"] = "set"
    name: Name
    value: bool | int | float


IngestMessage: TypeAlias = Detections | Model | MetricsReport | Status
ViewerMessage: TypeAlias = Ack | SettingChange

T = TypeVar("T")

_ingest: TypeAdapter[IngestMessage] = TypeAdapter(Annotated[IngestMessage, Field(discriminator="type")])
_viewer: TypeAdapter[ViewerMessage] = TypeAdapter(Annotated[ViewerMessage, Field(discriminator="type")])

_set: TypeAdapter[SettingChange] = TypeAdapter(SettingChange)


def parse_ingest(text: str) -> IngestMessage:
    """A text message from a role. Raises MessageError."""
    return _parse(_ingest, text)


def parse_viewer(text: str) -> ViewerMessage:
    """A text message from a viewer. Raises MessageError."""
    return _parse(_viewer, text)


def parse_setting_change(text: str) -> SettingChange:
    """A setting, as the server passes it to the roles. Raises MessageError."""
    return _parse(_set, text)


def _parse(adapter: TypeAdapter[T], text: str) -> T:
    try:
        return adapter.validate_json(text, strict=True)
    except ValidationError as error:
        raise MessageError(_first_fault(error)) from error


def pack_frame(header: FrameHeader, jpeg: bytes) -> bytes:
    """A frame as it travels."""
    head = header.model_dump_json().encode()
    return len(head).to_bytes(4, "big") + head + jpeg


def unpack_frame(message: bytes) -> tuple[FrameHeader, bytes]:
    """The header and the JPEG of a frame message. Raises MessageError."""
    length = int.from_bytes(message[:4], "big")
    if not 0 < length <= MAX_HEADER_BYTES:
        raise MessageError(f"a frame header of {length} bytes; at most {MAX_HEADER_BYTES} are allowed")
    try:
        header = FrameHeader.model_validate_json(message[4 : 4 + length], strict=True)
    except ValidationError as error:
        raise MessageError(_first_fault(error)) from error
    jpeg = message[4 + length :]
    if not (jpeg.startswith(JPEG_START) and jpeg.endswith(JPEG_END)):
        raise MessageError("a frame without a whole JPEG")
    return header, jpeg


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    said = f"{where}: {fault['msg']}" if where else fault["msg"]
    return plain(said, 300)  # the words of a stranger are in it, and it goes to the log
