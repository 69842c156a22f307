"""The message for an event: something that happened once, in one frame."""

from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BeforeValidator, Field

from common.messaging.base import MAX_STATUS_CHARACTERS, FrameId, Message, Name, UnixTime, fit_status_text

MAX_THUMBNAIL_CHARACTERS = 64 * 1024  # base64 of 48 KiB: a JPEG of 320 × 180 pixels has some 10 KiB
MAX_FIELDS = 50


def new_event_id() -> str:
    """Return a fresh id: 32 hexadecimal digits, random (UUID version 4, RFC 9562)."""
    return uuid4().hex


class Event(Message):
    """An event of a processor.

    Events are delivered in order and at least once; receivers recognise a repeated one by `event_id`. `kind` is a word
    for programs (`crossing`), `text` a sentence for people, `data` further fields. `captured_at` is the Unix time in
    seconds of the frame; `thumbnail` is a small JPEG of it in base64, or empty.
    """

    type: Literal["event"] = "event"
    event_id: Name
    camera: Name
    processor: Name
    frame_id: FrameId
    captured_at: UnixTime
    kind: Name
    text: Annotated[str, Field(max_length=MAX_STATUS_CHARACTERS), BeforeValidator(fit_status_text)] = ""
    data: dict[Name, bool | int | float | str] = Field(default_factory=dict, max_length=MAX_FIELDS)
    thumbnail: Annotated[str, Field(max_length=MAX_THUMBNAIL_CHARACTERS)] = ""
