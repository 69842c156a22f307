"""What an outbox sends again to a server that may not have received it."""

from common.messaging.messages import Detections, Status
from common.messaging.outbox import Outbox

LOST = Status(component="camera", state="lost", message="no frame for 5 s")
FOUND = Detections(camera="gate", frame_id=1, captured_at=1.0, inference_ms=1.0, processing_ms=1.0, detections=())


def kinds(outbox: Outbox) -> list[str]:
    return [kind for kind, _ in outbox.take_all()]


def test_what_lasts_is_sent_again_while_the_server_is_connected() -> None:
    outbox = Outbox(lambda: None)
    outbox.connect()
    outbox.put(LOST)
    outbox.put(FOUND)
    sent = kinds(outbox)
    assert len(sent) == 2
    outbox.repeat()
    assert kinds(outbox) == sent[:1]
    outbox.disconnect()
    outbox.repeat()
    assert kinds(outbox) == []
