"""The publisher sends the newest message of each kind and all events, also to a server that was restarted."""

import json
import time
from collections.abc import Iterator

import pytest

from common.messaging.messages import (
    Model,
    ServerMessage,
    SettingChange,
    Status,
    ViewerCount,
    unpack_frame,
)
from common.messaging.outbox import MAX_EVENTS
from common.messaging.publisher import Publisher
from common.messaging.report import MetricsReport
from tests.support.events import event
from tests.support.listener import JPEG, LARGE_JPEG, LOST, Listener, connected, header, ingest
from tests.support.ports import free_port
from tests.support.waiting import wait_until

MODEL = Model(name="tiny", labels=("car",))


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(free_port()) as listener:
        yield listener


def test_frames_and_messages_are_sent_with_the_token(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        publisher.send_frame(header(1), JPEG)
        publisher.send(LOST)
        wait_until(lambda: len(listener.received) == 2)
    frame, status = sorted(listener.received, key=lambda message: isinstance(message, str))
    assert unpack_frame(bytes(frame, "utf-8") if isinstance(frame, str) else frame) == (header(1), JPEG)
    assert json.loads(status) == LOST.model_dump(exclude_none=True)
    assert listener.authorizations == ["Bearer secret"]


@pytest.mark.parametrize("invalid", ["not JSON", b"\x00", '{"type": "ack", "frame_id": 1}', "x" * 2**21])
def test_messages_of_the_server_are_handled_and_an_invalid_one_only_reconnects(
    listener: Listener, invalid: str | bytes
) -> None:
    messages: list[ServerMessage] = []
    sent = [ViewerCount(count=2), SettingChange(name="min_score", value=0.5)]
    with connected(listener.port, messages.append) as publisher:
        wait_until(lambda: listener.connections)
        listener.connections[0].send(invalid)
        wait_until(lambda: len(listener.connections) == 2 and publisher.connected)
        for message in sent:
            listener.connections[1].send(message.model_dump_json())
        wait_until(lambda: len(messages) == 2)
    assert messages == sent


def test_model_and_last_statuses_are_sent_again_to_a_restarted_server(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        publisher.send(MODEL)
        publisher.send(LOST)
        publisher.send(LOST.model_copy(update={"state": "ok"}))
        publisher.send(Status(component="provider", state="ok"))
        wait_until(listener.texts)
        listener.close()
        wait_until(lambda: not publisher.connected)
        publisher.send(MetricsReport(role="provider", pid=1, duration_s=1))
        with Listener(listener.port) as again:
            wait_until(lambda: len(again.texts()) >= 4)
    assert {(text["type"], text.get("component"), text.get("state")) for text in again.texts()} == {
        ("model", None, None),
        ("status", "source", "ok"),
        ("status", "provider", "ok"),
        ("report", None, None),
    }


def test_reports_that_wait_are_added_up(listener: Listener) -> None:
    listener.reads.clear()
    with connected(listener.port) as publisher:
        for frame_id in range(20):
            publisher.send_frame(header(frame_id), LARGE_JPEG)  # fills the buffers of the connection
            publisher.send(MetricsReport(role="provider", pid=1, duration_s=1, counts={"captured": 30}))
        listener.reads.set()
        wait_until(lambda: captured(listener) == 600)
    reports = [text for text in listener.texts() if text["type"] == "report"]
    assert sum(float(str(report["duration_s"])) for report in reports) == 20


def test_a_model_put_before_the_server_listens_is_sent_and_a_frame_is_not() -> None:
    port = free_port()
    with Publisher(ingest(port)) as publisher:
        publisher.send(MODEL)
        publisher.send_frame(header(1), JPEG)
        with Listener(port) as listener:
            wait_until(lambda: listener.received)
    assert [text["type"] for text in listener.texts()] == ["model"]
    assert len(listener.received) == 1


def captured(listener: Listener) -> float:
    """Return the sum of the frames in the reports."""
    reports = [text["counts"] for text in listener.texts() if text["type"] == "report"]
    return sum(float(counts["captured"]) for counts in reports if isinstance(counts, dict))


def event_ids(listener: Listener) -> list[int]:
    return [int(str(text["event_id"])) for text in listener.texts() if text["type"] == "event"]


def test_events_are_all_sent_and_in_order(listener: Listener) -> None:
    listener.reads.clear()
    with connected(listener.port) as publisher:
        for number in range(MAX_EVENTS):
            publisher.send(event(number, "A" * 60_000))
        listener.reads.set()
        wait_until(lambda: len(event_ids(listener)) == MAX_EVENTS)
        assert publisher.lost_event_count == 0
    assert event_ids(listener) == list(range(MAX_EVENTS))


def test_events_wait_for_a_server_and_the_oldest_of_too_many_are_counted_as_lost() -> None:
    port = free_port()
    with Publisher(ingest(port)) as publisher:
        for number in range(MAX_EVENTS + 7):
            publisher.send(event(number))
        assert publisher.lost_event_count == 7
        with Listener(port) as listener:
            wait_until(lambda: len(event_ids(listener)) == MAX_EVENTS)
    assert event_ids(listener) == list(range(7, MAX_EVENTS + 7))


def test_a_sent_frame_is_not_counted_as_dropped(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        for frame_id in range(20):
            publisher.send_frame(header(frame_id), JPEG)
            wait_until(lambda: len(listener.received) > frame_id)  # noqa: B023 - called in this iteration
        assert publisher.dropped_count == 0


def test_only_the_newest_unsent_frame_is_sent_and_the_others_are_counted(listener: Listener) -> None:
    listener.reads.clear()
    with connected(listener.port) as publisher:
        for frame_id in range(100):
            publisher.send_frame(header(frame_id), LARGE_JPEG)
            time.sleep(0.002)
        listener.reads.set()
        wait_until(lambda: frame_ids(listener)[-1:] == [99])
        ids = frame_ids(listener)
        assert ids == sorted(set(ids))
        assert len(ids) < 50
        assert len(ids) + publisher.dropped_count == 100


def test_a_frame_for_tiles_does_not_replace_the_full_one(listener: Listener) -> None:
    listener.reads.clear()
    with connected(listener.port) as publisher:
        for frame_id in range(100):
            for tile in (False, True):
                publisher.send_frame(header(frame_id).model_copy(update={"tile": tile}), LARGE_JPEG)
        listener.reads.set()
        wait_until(lambda: frame_ids(listener)[-2:] == [99, 99])


def frame_ids(listener: Listener) -> list[int]:
    return [unpack_frame(message)[0].frame_id for message in list(listener.received) if isinstance(message, bytes)]
