"""The publisher: it never blocks its role, keeps the newest message of each kind, and reconnects."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.utils import accept_key

from common.messaging.messages import (
    FrameHeader,
    Model,
    ServerMessage,
    SettingChange,
    Status,
    ViewerCount,
    unpack_frame,
)
from common.messaging.outbox import MAX_EVENTS
from common.messaging.publisher import Ingest, Publisher
from common.messaging.report import MetricsReport
from tests.support.events import event

PATIENCE_S = 30.0
JPEG = b"\xff\xd8 pixels \xff\xd9"
LARGE_JPEG = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
MODEL = Model(name="tiny", labels=("car",))
LOST = Status(component="source", state="lost", message="cable")


def header(frame_id: int) -> FrameHeader:
    return FrameHeader(camera="main", frame_id=frame_id, captured_at=1.0, width=4, height=3)


class Listener:
    """A real websocket server that records what it receives."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[str | bytes] = []
        self.authorizations: list[str | None] = []
        self.connections: list[ServerConnection] = []
        self.reads = threading.Event()
        self.reads.set()
        # At most two messages are buffered beyond those that were received here.
        self._server: Server = serve(self._talk, "127.0.0.1", port, compression=None, max_size=2**24, max_queue=2)
        self.port: int = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever).start()

    def close(self) -> None:
        self._server.shutdown()
        for connection in self.connections:
            connection.close()

    def texts(self) -> list[dict[str, object]]:
        return [json.loads(message) for message in self.received if isinstance(message, str)]

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.authorizations.append(connection.request.headers.get("Authorization"))
        self.connections.append(connection)
        try:
            while self.reads.wait(PATIENCE_S):
                self.received.append(connection.recv())
        except ConnectionClosed:
            pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def ingest(port: int) -> Ingest:
    return Ingest(port, "secret")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)


@contextmanager
def connected(port: int, handle: Callable[[ServerMessage], None] = lambda _: None) -> Iterator[Publisher]:
    with Publisher(ingest(port), handle) as publisher:
        wait_until(lambda: publisher.connected)
        yield publisher


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
        again = Listener(listener.port)
        try:
            wait_until(lambda: len(again.texts()) >= 4)
        finally:
            again.close()
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
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with Publisher(ingest(port)) as publisher:
        publisher.send(MODEL)
        publisher.send_frame(header(1), JPEG)
        listener = Listener(port)
        try:
            wait_until(lambda: listener.received)
        finally:
            listener.close()
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
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with Publisher(ingest(port)) as publisher:
        for number in range(MAX_EVENTS + 7):
            publisher.send(event(number))
        assert publisher.lost_event_count == 7
        listener = Listener(port)
        try:
            wait_until(lambda: len(event_ids(listener)) == MAX_EVENTS)
        finally:
            listener.close()
    assert event_ids(listener) == list(range(7, MAX_EVENTS + 7))


@contextmanager
def server_that_does_not_read() -> Iterator[int]:
    """Accept one websocket, then read nothing."""

    def complete_handshake() -> None:
        connection, _ = listening.accept()
        with connection:
            request = connection.makefile("rb")
            lines = [line.strip().split(b": ") for line in iter(request.readline, b"\r\n")]
            (key,) = (value[0].decode() for name, *value in lines if name.lower() == b"sec-websocket-key")
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
            )
            done.wait(PATIENCE_S)
            request.close()

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=complete_handshake)
        thread.start()
        yield listening.getsockname()[1]
        done.set()
        thread.join()


def test_a_server_that_does_not_read_blocks_nothing_and_frames_are_dropped() -> None:
    with server_that_does_not_read() as port, connected(port) as publisher:
        begun = time.monotonic()
        for frame_id in range(200):
            publisher.send_frame(header(frame_id), LARGE_JPEG)
            time.sleep(0.001)
        took = time.monotonic() - begun
    assert publisher.dropped_count > 150
    assert took < 200 * 0.05  # a send that blocks ends after HEARTBEAT_S, which is 5 s


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


def test_a_server_that_accepts_and_never_answers_blocks_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Publisher(ingest(silent.getsockname()[1])) as publisher:
        begun = time.monotonic()
        for frame_id in range(1000):
            publisher.send_frame(header(frame_id), JPEG)
            publisher.send(LOST)
        assert time.monotonic() - begun < 10
        assert not publisher.connected
    assert not publisher._thread.is_alive()


@pytest.mark.parametrize("answer", ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "not HTTP\r\n\r\n"])
def test_a_refused_connection_is_tried_again(answer: str) -> None:
    calls = 0

    def refuse() -> None:
        nonlocal calls
        while calls < 3:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer.encode())
            calls += 1

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)
        refusing = threading.Thread(target=refuse)
        refusing.start()
        with Publisher(ingest(listening.getsockname()[1])):
            refusing.join()
    assert calls == 3


def test_a_connection_whose_server_does_not_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.messaging.publisher.HEARTBEAT_S", 0.2)
    with server_that_does_not_read() as port, connected(port) as publisher:
        deadline = time.monotonic() + PATIENCE_S
        while publisher.connected and time.monotonic() < deadline:
            publisher.send_frame(header(1), LARGE_JPEG)
            time.sleep(0.01)
        assert not publisher.connected


def test_the_thread_ends_with_the_publisher(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        assert publisher._thread.is_alive()
    assert not publisher._thread.is_alive()


def test_the_thread_ends_when_there_never_was_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with Publisher(ingest(port)) as publisher:
        assert publisher._thread.is_alive()
    assert not publisher._thread.is_alive()


def test_the_thread_ends_when_the_server_does_not_read() -> None:
    with server_that_does_not_read() as port:
        with connected(port) as publisher:
            for frame_id in range(50):
                publisher.send_frame(header(frame_id), LARGE_JPEG)
                time.sleep(0.005)
        assert not publisher._thread.is_alive()
