"""Whatever comes over a websocket: it is refused by a MessageError, or it is what the wire allows and harms nothing."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.config.settings import LiveSettings
from common.errors import MessageError
from common.messaging.messages import (
    MAX_HEADER_BYTES,
    FrameHeader,
    Message,
    Rates,
    SettingChange,
    pack_frame,
    parse_ingest,
    parse_setting_change,
    parse_viewer,
    unpack_frame,
)
from common.server.hub import EncodedFrame, Hub
from common.server.options import ServerOptions
from common.telemetry.meter import Meter
from tests.support.fuzzing import bounded, json_values

JPEG = b"\xff\xd8 picture \xff\xd9"
names = st.text(min_size=1, max_size=12) | st.sampled_from(["main", "provider", "captured", "<img src=x>"])
amounts = st.floats(0, 1e12) | st.integers(0, 10**12)
measures = st.floats(-1e15, 1e15)
fractions = st.floats(0, 1)
odd = json_values | st.sampled_from(
    [0, -1, 2**53, 10**400, 1e308, -1e308, float("inf"), float("nan"), "1", "", "\n", "\x1b[31m", "\ud800", "x" * 200]
)
headers: dict[str, st.SearchStrategy[Any]] = {
    "camera": names,
    "frame_id": st.integers(0, 2**53 - 1),
    "captured_at": st.floats(0, 1e11),
    "width": st.integers(1, 65535),
    "height": st.integers(1, 65535),
}
shapes: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "ack": {"frame_id": st.integers()},
    "set": {
        "name": names | st.sampled_from(list(LiveSettings.model_fields)),
        "value": st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    },
    "detections": {
        **{name: headers[name] for name in ("camera", "frame_id", "captured_at")},
        "inference_ms": measures,
        "processing_ms": measures,
        "detections": st.lists(
            st.fixed_dictionaries({"label": names, "score": fractions, "box": st.tuples(*[fractions] * 4)}), max_size=2
        ),
    },
    "model": {"name": names, "labels": st.lists(names, max_size=3)},
    "report": {
        "role": names,
        "pid": st.integers(),
        "counts": st.dictionaries(names, amounts, max_size=2),
        "drops": st.dictionaries(st.sampled_from(["viewer/slow", "a/b/c"]), amounts, max_size=2),
        "samples": st.dictionaries(
            st.sampled_from(["encode_ms", "gil_delay_ms", "paint_age_ms"]), st.lists(measures, max_size=3), max_size=2
        ),
        "gauges": st.dictionaries(names, measures, max_size=2),
    },
    "status": {
        "component": names,
        "state": st.sampled_from(["ok", "lost", "restarting", "failed"]),
        "message": st.text(),
    },
}


@st.composite
def nearly(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]]) -> str:
    """An object with these fields as JSON; at most one of them is odd, is missing, or is one too many."""
    values = {name: draw(field) for name, field in fields.items()}
    match draw(st.sampled_from(["right", "right", "odd", "missing", "more"])):
        case "odd":
            values[draw(st.sampled_from(list(fields)))] = draw(odd)
        case "missing":
            del values[draw(st.sampled_from(list(fields)))]
        case "more":
            values[draw(names)] = draw(odd)
    return json.dumps(values)


def nearly_of(*kinds: str) -> st.SearchStrategy[str]:
    """Messages of these kinds and, now and then, what is far from one."""
    garbage = json_values.map(json.dumps) | st.text() | st.text('{}[]":,typeacksn0123456789.eE+-\\u ')
    return st.one_of(*(nearly({"type": st.just(kind)} | shapes[kind]) for kind in kinds), garbage)


@given(nearly_of("ack", "set", "set", "status"))
@example('{"type":"set","name":"min_score","value":' + "9" * 400 + "}")
@example('{"type":"set","name":"infer_repeat","value":' + "9" * 5000 + "}")
@example("[" * 100_000)
@bounded
def test_a_viewer_can_say_nothing_that_harms(text: str) -> None:
    hub = new_hub()
    subscriber = StrictWatcher()
    hub.add_subscriber(subscriber)
    try:
        message = parse_viewer(text)
    except MessageError as error:
        assert_fit_for_the_log(error)
        return
    if isinstance(message, SettingChange):
        hub.on_setting_change(message)
    assert set(LiveSettings.model_fields) == set(subscriber.last["settings"])


@given(nearly_of("detections", "model", "report", "report", "status", "set"))
@example('{"type": "report", "role": "provider", "pid": 1, "counts": {"captured": 1e308}}')
@bounded
def test_a_role_can_say_nothing_that_harms(text: str) -> None:
    hub = new_hub()
    hub.add_subscriber(StrictWatcher())
    try:
        message = parse_ingest(text)
    except MessageError as error:
        assert_fit_for_the_log(error)
        return
    for _ in range(2):  # sums, too, must stay numbers
        hub.on_message(message)
        hub.tell_stats()
    strict_json(hub.current_stats().model_dump_json())
    assert hub.stats.exporter.text()
    strict_json(json.dumps(hub.problems()))


@given(nearly_of("set", "ack"))
@bounded
def test_the_server_can_say_nothing_to_a_role_that_harms(text: str) -> None:
    try:
        setting = parse_setting_change(text)
    except MessageError as error:
        assert_fit_for_the_log(error)
        return
    assert type(setting.value) in (bool, int, float)


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
def test_a_frame_is_refused_or_is_one_that_every_viewer_can_read(message: bytes) -> None:
    try:
        header, jpeg = unpack_frame(message)
    except MessageError as error:
        assert_fit_for_the_log(error)
        return
    length = int.from_bytes(message[:4], "big")
    assert length <= MAX_HEADER_BYTES
    # It is passed on as it came: what was checked must be what a viewer reads.
    assert strict_json(message[4 : 4 + length].decode()) == header.model_dump()
    assert message[4 + length :] == jpeg
    subscriber = StrictWatcher()
    subscriber.offer_frame(EncodedFrame(header, jpeg, message))


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
def test_every_frame_that_can_be_made_arrives(header: FrameHeader, jpeg: bytes) -> None:
    assert unpack_frame(pack_frame(header, jpeg)) == (header, jpeg)


def new_hub() -> Hub:
    options = ServerOptions("threading", "road.mp4", Rates(capture_fps=30, ui_fps=15, queue_fps=5), LiveSettings(),
                            None, "secret")  # fmt: skip
    return Hub(options, Meter("server"))


class StrictWatcher:
    """Reads as strictly as a browser."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def offer_frame(self, frame: EncodedFrame) -> None:
        assert isinstance(frame.header, Message)

    def offer_text(self, kind: str, text: str) -> None:
        self.last = strict_json(text)


def strict_json(text: str) -> Any:
    """What JavaScript's JSON.parse gives. It knows no NaN."""
    return json.loads(text.encode().decode(), parse_constant=lambda name: pytest.fail(f"{name} in {text}"))


def assert_fit_for_the_log(error: MessageError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) <= 400
