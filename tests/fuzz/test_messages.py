"""Any input on a websocket is either refused with a MessageError or valid, and valid input causes no error."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.config.settings import LiveSettings
from common.errors import MessageError, SettingsError, VisionError
from common.messaging.base import MAX_STATUS_CHARACTERS
from common.messaging.event import Event
from common.messaging.info import ProcessorInfo
from common.messaging.messages import (
    MAX_HEADER_BYTES,
    Detections,
    FrameHeader,
    ModelChange,
    Rates,
    SettingChange,
    Status,
    ViewerCount,
    kind_of,
    pack_frame,
    parse_ingest,
    parse_server,
    parse_viewer,
)
from common.messaging.regions import RegionsChange
from common.server.encoded_frame import EncodedFrame
from common.server.hub import Hub
from common.server.options import ServerOptions
from common.telemetry.meter import Meter
from tests.support.fuzzing import bounded, json_values

JPEG = b"\xff\xd8 pixels \xff\xd9"
names = st.text(min_size=1, max_size=12) | st.sampled_from(["main", "provider", "captured", "<img src=x>"])
amounts = st.floats(0, 1e12) | st.integers(0, 10**12)
measures = st.floats(-1e15, 1e15)
durations = st.floats(1e-3, 1e9)
fractions = st.floats(0, 1)
points = st.tuples(*[st.floats(-0.1, 1.1) | st.integers(0, 1)] * 2)
odd = json_values | st.sampled_from(
    [0, -1, 2**53, 10**400, 1e308, -1e308, float("inf"), float("nan"), "1", "", "\n", "\x1b[31m", "\ud800", "x" * 200]
)
headers: dict[str, st.SearchStrategy[Any]] = {
    "camera": names,
    "frame_id": st.integers(0, 2**53 - 1),
    "captured_at": st.floats(0, 1e308),
    "width": st.integers(1, 65535),
    "height": st.integers(1, 65535),
}
shapes: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "ack": {"frame_id": st.integers()},
    "set": {
        "name": names | st.sampled_from(list(LiveSettings.model_fields)),
        "value": st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    },
    "regions": {
        "processor": names,
        "lines": st.lists(st.fixed_dictionaries({"name": names, "points": st.lists(points, max_size=3)}), max_size=2),
        "zones": st.lists(st.fixed_dictionaries({"name": names, "points": st.lists(points, max_size=5)}), max_size=2),
    },
    "viewers": {
        "count": st.integers(0, 1000),
        "tiles": st.dictionaries(names, st.integers(1, 65535), max_size=2),
    },
    "watch": {"cameras": st.lists(names, max_size=3), "width": st.integers(1, 65535)},
    "model_change": {"model": st.text(max_size=120), "processor": names | st.none()},
    "detections": {
        **{name: headers[name] for name in ("camera", "frame_id", "captured_at")},
        "inference_ms": measures,
        "processing_ms": measures,
        "detections": st.lists(
            st.fixed_dictionaries({"label": names, "score": fractions, "box": st.tuples(*[fractions] * 4)}), max_size=2
        ),
    },
    "event": {
        **{name: headers[name] for name in ("camera", "frame_id", "captured_at")},
        "event_id": names,
        "processor": names,
        "kind": names,
        "text": st.text(max_size=20),
        "data": st.dictionaries(names, st.booleans() | st.integers() | measures | st.text(max_size=9), max_size=3),
        "thumbnail": st.text(max_size=20),
    },
    "model": {"name": names, "labels": st.lists(names, max_size=3)},
    "report": {
        "role": names,
        "pid": st.integers(),
        "duration_s": durations,
        "counts": st.dictionaries(names, amounts, max_size=2),
        "drops": st.dictionaries(st.sampled_from(["viewer/slow", "a/b/c"]), amounts, max_size=2),
        "samples": st.dictionaries(
            st.sampled_from(["encode_ms", "gil_delay_ms", "paint_age_ms"]), st.lists(measures, max_size=3), max_size=2
        ),
        "gauges": st.dictionaries(names, measures, max_size=2),
        "parts": st.lists(
            st.fixed_dictionaries(
                {"camera": names | st.none(), "processor": names, "counts": st.dictionaries(names, amounts, max_size=2)}
            ),
            max_size=2,
        ),
    },
    "status": {
        "component": names,
        "state": st.sampled_from(["ok", "lost", "restarting", "failed"]),
        "message": st.text() | st.just("x" * (MAX_STATUS_CHARACTERS + 1)),
    },
}


@st.composite
def nearly(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]]) -> str:
    """A JSON object with these fields, of which at most one is invalid, missing, or superfluous."""
    values = {name: draw(field) for name, field in fields.items()}
    match draw(st.sampled_from(["valid", "valid", "odd", "missing", "more"])):
        case "odd":
            values[draw(st.sampled_from(list(fields)))] = draw(odd)
        case "missing":
            del values[draw(st.sampled_from(list(fields)))]
        case "more":
            values[draw(names)] = draw(odd)
    return json.dumps(values)


def nearly_of(*kinds: str) -> st.SearchStrategy[str]:
    """Almost valid messages of these kinds, and text that is not a message."""
    garbage = json_values.map(json.dumps) | st.text() | st.text('{}[]":,typeacksn0123456789.eE+-\\u ')
    return st.one_of(*(nearly({"type": st.just(kind)} | shapes[kind]) for kind in kinds), garbage)


@given(nearly_of("ack", "watch", "set", "set", "regions", "regions", "status"))
@example('{"type":"set","name":"min_score","value":' + "9" * 400 + "}")
@example('{"type":"set","name":"infer_repeat","value":' + "9" * 5000 + "}")
@example("[" * 100_000)
@bounded
def test_messages_of_viewers(text: str) -> None:
    hub = new_hub()
    subscriber = StrictSubscriber()
    hub.add_subscriber(subscriber)
    try:
        message = parse_viewer(text)
    except MessageError as error:
        assert_loggable(error)
        return
    if isinstance(message, SettingChange):
        hub.change_setting(message)
    if isinstance(message, RegionsChange):
        try:
            hub.change_regions(message)
        except SettingsError as error:
            assert_loggable(error)
        else:
            assert message.processor == "main"
    assert set(LiveSettings.model_fields) == set(subscriber.parsed["Hello"]["settings"])


@given(nearly_of("detections", "event", "model", "report", "report", "status", "status", "set"))
@example('{"type": "report", "role": "provider", "pid": 1, "duration_s": 0.001, "counts": {"captured": 1e12}}')
@example('{"type": "status", "type": "status", "component": "a", "state": "lost", "component": "b", "state": "ok"}')
@bounded
def test_messages_of_roles(text: str) -> None:
    hub = new_hub()
    subscriber = StrictSubscriber()
    hub.add_subscriber(subscriber)
    try:
        for _ in range(2):  # sums must stay finite, too
            hub.handle_message(text)
            hub.broadcast_stats()
    except MessageError as error:
        assert_loggable(error)
        return
    message = parse_ingest(text)
    if isinstance(message, Detections | Status):  # the text is forwarded: viewers must read what was validated
        assert parse_ingest(json.dumps(subscriber.parsed[kind_of(message)])) == message
    if isinstance(message, Event):  # and so is that of an event, once
        (forwarded,) = subscriber.events
        assert parse_ingest(json.dumps(strict_json(forwarded))) == message
        assert hub.events.newest(EveryCamera(), 9) == [forwarded]
    strict_json(hub.current_stats().model_dump_json())
    assert hub.prometheus_text()
    strict_json(json.dumps(hub.readiness().as_json()))


@given(nearly_of("set", "viewers", "model_change", "regions", "ack"))
@bounded
def test_messages_of_the_server_to_roles(text: str) -> None:
    try:
        message = parse_server(text)
    except MessageError as error:
        assert_loggable(error)
        return
    if isinstance(message, ViewerCount):
        assert message.count >= 0
    elif isinstance(message, ModelChange):
        assert 1 <= len(message.model) <= 100
    elif isinstance(message, SettingChange):
        assert type(message.value) in (bool, int, float)


@given(
    st.binary()
    | st.builds(
        lambda length, head, jpeg: (len(head) + length).to_bytes(4, "big") + head + jpeg,
        st.sampled_from([0, 0, 0, 1, 900]),
        nearly(headers).map(str.encode) | st.binary(max_size=60),
        st.sampled_from([JPEG, b"", JPEG[1:], JPEG[:-1]]) | st.binary(max_size=20),
    )
)
@bounded
def test_frames(packed: bytes) -> None:
    hub = new_hub()
    subscriber = StrictSubscriber()
    hub.add_subscriber(subscriber)
    try:
        hub.handle_frame(packed)
    except MessageError as error:
        assert_loggable(error)
        return
    (frame,) = subscriber.frames
    assert frame.packed is packed
    length = int.from_bytes(packed[:4], "big")
    assert length <= MAX_HEADER_BYTES
    assert strict_json(packed[4 : 4 + length].decode()) == frame.header.model_dump()
    assert packed[4 + length :] == frame.jpeg


@given(
    st.builds(
        FrameHeader,
        camera=st.text(min_size=1, max_size=20).filter(str.isprintable),
        frame_id=st.integers(0, 2**53 - 1),
        captured_at=st.floats(0, 1e11),
        width=st.integers(1, 65535),
        height=st.integers(1, 65535),
    ),
    st.binary(max_size=50).map(lambda pixels: b"\xff\xd8" + pixels + b"\xff\xd9"),
)
@bounded
def test_every_frame_that_can_be_packed_is_valid(header: FrameHeader, jpeg: bytes) -> None:
    frame = EncodedFrame(pack_frame(header, jpeg))
    assert (frame.header, frame.jpeg) == (header, jpeg)


def new_hub() -> Hub:
    rates = Rates(capture_fps=30, ui_fps=15, queue_fps=5)
    processor = ProcessorInfo(name="main", cameras=("main",), fps=5, min_score=0.3)
    options = ServerOptions("threading", "road.mp4", rates, LiveSettings(), processors=(processor,))
    return Hub(options, Meter("server"))


class EveryCamera(frozenset[str]):
    """Contains the name of every camera."""

    def __contains__(self, name: object) -> bool:
        return True


class StrictSubscriber:
    """Parses as strictly as a browser, and keeps the last message of each kind."""

    cameras: frozenset[str] = EveryCamera()
    takes_frames = True
    tile_width: int | None = None

    def __init__(self) -> None:
        self.parsed: dict[str, dict[str, Any]] = {}
        self.frames: list[EncodedFrame] = []
        self.events: list[str] = []

    def put_frame(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)

    def put_text(self, kind: str, text: str) -> None:
        self.parsed[kind] = strict_json(text)

    def put_event(self, text: str) -> None:
        self.events.append(text)


def strict_json(text: str) -> Any:
    """Parse as JSON.parse in JavaScript does, which accepts no NaN."""
    return json.loads(text.encode().decode(), parse_constant=lambda name: pytest.fail(f"{name} in {text}"))


def assert_loggable(error: VisionError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) <= 500
