"""Events of a processor as messages: each with its frame, and a small JPEG of it."""

import base64
from collections.abc import Iterator, Sequence

import cv2

from common.detection.outcome import Event
from common.frames import Frame, Image
from common.messaging.event import MAX_THUMBNAIL_CHARACTERS, new_event_id
from common.messaging.event import Event as EventMessage

THUMBNAIL_WIDTH = 320  # pixels
THUMBNAIL_QUALITY = 75


def event_messages(frame: Frame, events: Sequence[Event], processor: str) -> Iterator[EventMessage]:
    """Yield the message of each event."""
    thumbnail = thumbnail_of(frame.image) if events else ""
    for event in events:
        yield EventMessage(
            event_id=new_event_id(),
            camera=frame.camera,
            processor=processor,
            frame_id=frame.frame_id,
            captured_at=frame.captured_at,
            kind=event.kind,
            text=event.text,
            data=dict(event.data),
            thumbnail=thumbnail,
        )


def thumbnail_of(image: Image) -> str:
    """Return a small JPEG in base64, or an empty text for a frame that does not fit one."""
    height, width = image.shape[:2]
    scale = min(1.0, THUMBNAIL_WIDTH / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    encoded, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY])
    text = base64.b64encode(jpeg.tobytes()).decode() if encoded else ""
    return text if len(text) <= MAX_THUMBNAIL_CHARACTERS else ""
