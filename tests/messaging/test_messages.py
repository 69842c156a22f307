"""The wire: what it passes on, and what it refuses."""

import json

import pytest
from pydantic import ValidationError

from common.errors import MessageError
from common.messaging.messages import (
    MAX_HEADER_BYTES,
    Ack,
    DetectionItem,
    Detections,
    FrameHeader,
    Message,
    MetricsReport,
    Model,
    SettingChange,
    Status,
    pack_frame,
    parse_ingest,
    parse_setting_change,
    parse_viewer,
    unpack_frame,
)

HEADER = FrameHeader(camera="main", frame_id=7, captured_at=1700000000.25, width=640, height=360)
JPEG = b"\xff\xd8 picture \xff\xd9"
DETECTIONS = Detections(
    camera="main",
    frame_id=7,
    captured_at=1700000000.25,
    inference_ms=9.5,
    processing_ms=10.5,
    detections=(DetectionItem(label="car", score=0.9, box=(0.1, 0.2, 0.3, 0.4)),),
)


def test_a_frame_comes_back_as_it_was_packed() -> None:
    assert unpack_frame(pack_frame(HEADER, JPEG)) == (HEADER, JPEG)


def test_a_frame_begins_with_the_length_of_its_header_in_big_endian() -> None:
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
def test_a_frame_that_is_none_is_refused(message: bytes) -> None:
    with pytest.raises(MessageError):
        unpack_frame(message)


@pytest.mark.parametrize(
    "message",
    [
        DETECTIONS,
        Model(name="tiny", labels=("car", "bus")),
        MetricsReport(role="provider", pid=1, counts={"captured": 30}, samples={"encode_ms": (1.0, 2.0)}),
        Status(component="source", state="lost", message="cable"),
    ],
)
def test_what_a_role_publishes_arrives(message: Message) -> None:
    assert parse_ingest(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "message", [Ack(frame_id=3), SettingChange(name="min_score", value=0.5), SettingChange(name="flag", value=True)]
)
def test_what_a_viewer_says_arrives(message: Message) -> None:
    assert parse_viewer(message.model_dump_json()) == message


def test_a_switch_stays_a_switch_and_a_number_a_number() -> None:
    assert parse_setting_change('{"type": "set", "name": "a", "value": true}').value is True
    assert parse_setting_change('{"type": "set", "name": "a", "value": 1}').value == 1


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
        "\ud800",
    ],
)
def test_nonsense_from_a_viewer_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(MessageError) as refusal:
        parse_viewer(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("score", 1.5), ("score", float("nan")), ("box", (0, 0, 1, 2)), ("box", (0, 0, 1)), ("label", "")],
)
def test_a_detection_that_cannot_be_is_refused(field: str, value: object) -> None:
    message = json.loads(DETECTIONS.model_dump_json())
    message["detections"][0][field] = value
    with pytest.raises(MessageError, match=rf"detections\.0\.{field}"):
        parse_ingest(json.dumps(message))


def test_a_role_may_not_say_what_only_viewers_say() -> None:
    with pytest.raises(MessageError):
        parse_ingest(Ack(frame_id=1).model_dump_json())


def test_a_message_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError):
        HEADER.frame_id = 8  # type: ignore[misc]
