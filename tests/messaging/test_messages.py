"""The wire: valid messages survive the round trip, invalid ones are refused with one line."""

import json

import pytest
from pydantic import ValidationError

from common.errors import MessageError
from common.messaging.base import MAX_STATUS_CHARACTERS, Message
from common.messaging.messages import (
    MAX_HEADER_BYTES,
    Ack,
    Detection,
    Detections,
    FrameHeader,
    Model,
    ModelChange,
    ServerMessage,
    SettingChange,
    Status,
    ViewerCount,
    kind_of,
    kind_to_role,
    pack_frame,
    parse_ingest,
    parse_server,
    parse_viewer,
    unpack_frame,
)
from common.messaging.regions import RegionsChange
from common.messaging.report import MetricsReport
from tests.support.events import event

HEADER = FrameHeader(camera="main", frame_id=7, captured_at=1700000000.25, width=640, height=360)
JPEG = b"\xff\xd8 pixels \xff\xd9"
DETECTIONS = Detections(
    camera="main",
    frame_id=7,
    captured_at=1700000000.25,
    inference_ms=9.5,
    processing_ms=10.5,
    detections=(Detection(label="car", score=0.9, box=(0.1, 0.2, 0.3, 0.4)),),
)


def test_a_packed_frame_unpacks_to_the_same_header_and_jpeg() -> None:
    assert unpack_frame(pack_frame(HEADER, JPEG)) == (HEADER, JPEG)


def test_a_frame_starts_with_the_length_of_its_header_in_big_endian() -> None:
    packed = pack_frame(HEADER, JPEG)
    length = int.from_bytes(packed[:4], "big")
    assert json.loads(packed[4 : 4 + length]) == HEADER.model_dump()
    assert packed[4 + length :] == JPEG


def framed(head: bytes, jpeg: bytes = JPEG) -> bytes:
    return len(head).to_bytes(4, "big") + head + jpeg


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00\x00",
        b"\x00\x00\x00\x00" + JPEG,
        b"\xff\xff\xff\xff" + JPEG,
        framed(HEADER.model_dump_json().encode().ljust(MAX_HEADER_BYTES + 1)),
        framed(b"not JSON"),
        framed(b"{}"),
        framed(HEADER.model_dump_json().replace("640", "-640").encode()),
        framed(HEADER.model_dump_json().replace("1700000000.25", "NaN").encode()),
        framed(HEADER.model_dump_json().replace("{", '{"more":1,', 1).encode()),
        framed(HEADER.model_dump_json().encode(), b""),
        framed(HEADER.model_dump_json().encode(), b"\x89PNG"),
        framed(HEADER.model_dump_json().encode(), JPEG[:-1]),
    ],
)
def test_an_invalid_frame_is_refused(message: bytes) -> None:
    with pytest.raises(MessageError):
        unpack_frame(message)


@pytest.mark.parametrize(
    "message",
    [
        DETECTIONS,
        Model(name="tiny", labels=("car", "bus")),
        MetricsReport(role="provider", pid=1, duration_s=1, counts={"captured": 30}, samples={"encode_ms": (1.0, 2.0)}),
        Status(component="source", state="lost", message="cable"),
    ],
)
def test_a_message_of_a_role_survives_the_round_trip(message: Message) -> None:
    assert parse_ingest(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "message", [Ack(frame_id=3), SettingChange(name="min_score", value=0.5), SettingChange(name="flag", value=True)]
)
def test_a_message_of_a_viewer_survives_the_round_trip(message: Message) -> None:
    assert parse_viewer(message.model_dump_json()) == message


@pytest.mark.parametrize("message", [ViewerCount(count=2), SettingChange(name="min_score", value=0.5)])
def test_a_message_of_the_server_survives_the_round_trip(message: Message) -> None:
    assert parse_server(message.model_dump_json()) == message


def test_the_value_of_a_setting_keeps_its_type() -> None:
    values = [parse_server(f'{{"type": "set", "name": "a", "value": {value}}}').model_dump()["value"] for value in
              ("true", "1", "1.0")]  # fmt: skip
    assert [(type(value), value) for value in values] == [(bool, True), (int, 1), (float, 1.0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"type": "unknown"}',
        '{"type": "ack"}',
        '{"type": "ack", "frame_id": "seven"}',
        '{"type": "ack", "frame_id": 1, "more": 2}',
        '{"type": "set", "name": "", "value": 1}',
        '{"type": "set", "name": "a", "value": "text"}',
        '{"type": "set", "name": "a", "value": NaN}',
        '{"type": "detections"}',
        '{"type": "viewers", "count": 0}',
        "\ud800",
    ],
)
def test_an_invalid_message_of_a_viewer_is_refused_with_one_line(text: str) -> None:
    with pytest.raises(MessageError) as refusal:
        parse_viewer(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("score", 1.5), ("score", float("nan")), ("box", (0, 0, 1, 2)), ("box", (0, 0, 1)), ("label", "")],
)
def test_an_invalid_detection_is_refused(field: str, value: object) -> None:
    message = json.loads(DETECTIONS.model_dump_json())
    message["detections"][0][field] = value
    with pytest.raises(MessageError, match=rf"detections\.0\.{field}"):
        parse_ingest(json.dumps(message))


def test_a_role_cannot_send_messages_of_viewers() -> None:
    with pytest.raises(MessageError):
        parse_ingest(Ack(frame_id=1).model_dump_json())


def test_the_text_of_a_status_is_made_to_fit() -> None:
    status = Status(component="source", state="lost", message="no file \udcff" + "x" * MAX_STATUS_CHARACTERS)
    assert status.message.startswith("no file ?xx")
    assert len(status.message) == MAX_STATUS_CHARACTERS
    assert parse_ingest(status.model_dump_json()) == status


def test_a_received_status_is_refused_rather_than_cut() -> None:
    text = Status(component="source", state="lost", message="x" * MAX_STATUS_CHARACTERS).model_dump_json()
    with pytest.raises(MessageError, match="message"):
        parse_ingest(text.replace("xx", "xxx", 1))


def test_a_message_is_immutable() -> None:
    with pytest.raises(ValidationError):
        HEADER.frame_id = 8  # type: ignore[misc]


def test_messages_replace_only_those_of_their_own_camera_and_processor() -> None:
    detections = [
        DETECTIONS.model_copy(update={"camera": camera, "processor": processor})
        for camera in ("gate", "yard")
        for processor in ("vehicles", "people")
    ]
    statuses = [Status(component="provider", state="ok", camera=camera) for camera in (None, "gate", "yard")]
    assert len({kind_of(message) for message in detections + statuses}) == 7
    assert kind_of(statuses[1]) == kind_of(statuses[1].model_copy(update={"state": "lost"}))


def test_a_message_to_a_role_replaces_only_one_about_the_same() -> None:
    messages: list[ServerMessage] = [
        SettingChange(name="min_score", value=0.5),
        SettingChange(name="infer_repeat", value=2),
        ModelChange(model="a"),
        ModelChange(model="a", processor="people"),
        RegionsChange(processor="people"),
        RegionsChange(processor="cars"),
        ViewerCount(count=1),
    ]
    assert len({kind_to_role(message) for message in messages}) == len(messages)
    assert kind_to_role(ViewerCount(count=2)) == kind_to_role(ViewerCount(count=1))


def test_an_event_without_an_id_is_refused() -> None:
    with pytest.raises(MessageError, match="event_id"):
        parse_ingest(event(1).model_dump_json(exclude={"event_id"}))
