"""What an outbox sends again to a server that may not have received it."""

import threading

from common.messaging.messages import Detections, Status
from common.messaging.outbox import Outbox

PATIENCE_S = 30.0

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


def test_its_owner_is_not_woken_after_it_has_disconnected() -> None:
    """A publisher disconnects and then closes its event loop, which wake() uses from the threads of others."""
    waking, has_woken, disconnected = threading.Event(), threading.Event(), threading.Event()

    def wake() -> None:
        if threading.current_thread() is sender:
            waking.set()
            disconnected.wait(0.5)  # as long as disconnect() waits for the end of this call
            has_woken.set()

    outbox = Outbox(wake)
    sender = threading.Thread(target=outbox.put, args=(FOUND,))
    outbox.connect()
    sender.start()
    assert waking.wait(PATIENCE_S)
    outbox.disconnect()
    ended = has_woken.is_set()
    disconnected.set()
    sender.join(PATIENCE_S)
    assert ended
