"""The publisher: never makes its role wait, keeps the newest, and comes back to a server that was away."""

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

from common.messaging.messages import FrameHeader, MetricsReport, Model, SettingChange, Status, unpack_frame
from common.messaging.publisher import Ingest, Publisher

PATIENCE_S = 10.0
JPEG = b"\xff\xd8 picture \xff\xd9"
MODEL = Model(name="tiny", labels=("car",))
LOST = Status(component="source", state="lost", message="cable")


def header(frame_id: int) -> FrameHeader:
    return FrameHeader(camera="main", frame_id=frame_id, captured_at=1.0, width=4, height=3)


class Listener:
    """A real websocket server that notes what comes in, and says what it is told to."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[str | bytes] = []
        self.authorizations: list[str | None] = []
        self.connections: list[ServerConnection] = []
        self.reads = threading.Event()
        self.reads.set()
        # It holds two messages at most that were not read here.
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
    return Ingest(f"ws://127.0.0.1:{port}/ingest", "secret")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@contextmanager
def connected(port: int, on_setting_change: Callable[[SettingChange], None] = lambda _: None) -> Iterator[Publisher]:
    with Publisher(ingest(port), on_setting_change) as publisher:
        wait_until(lambda: publisher.connected)
        yield publisher


def test_frames_and_messages_arrive_under_the_token(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        publisher.send_frame(header(1), JPEG)
        publisher.send(LOST)
        wait_until(lambda: len(listener.received) == 2)
    frame, status = sorted(listener.received, key=lambda message: isinstance(message, str))
    assert unpack_frame(bytes(frame, "utf-8") if isinstance(frame, str) else frame) == (header(1), JPEG)
    assert json.loads(status) == LOST.model_dump()
    assert listener.authorizations == ["Bearer secret"]


@pytest.mark.parametrize("nonsense", ["nonsense", b"\x00", '{"type": "ack", "frame_id": 1}', "x" * 2**21])
def test_settings_reach_the_role_and_nonsense_does_not_end_it(listener: Listener, nonsense: str | bytes) -> None:
    settings: list[SettingChange] = []
    with connected(listener.port, settings.append) as publisher:
        wait_until(lambda: listener.connections)
        listener.connections[0].send(nonsense)
        wait_until(lambda: len(listener.connections) == 2 and publisher.connected)
        listener.connections[1].send(SettingChange(name="viewers", value=2).model_dump_json())
        wait_until(lambda: settings)
    assert settings == [SettingChange(name="viewers", value=2)]


def test_model_and_status_are_said_again_to_a_server_that_comes_back(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        publisher.send(MODEL)
        publisher.send(LOST)
        publisher.send(LOST.model_copy(update={"state": "ok"}))
        publisher.send(Status(component="provider", state="ok"))
        wait_until(listener.texts)
        listener.close()
        wait_until(lambda: not publisher.connected)
        publisher.send(MetricsReport(role="provider", pid=1))
        again = Listener(listener.port)
        try:
            wait_until(lambda: len(again.texts()) >= 3)
        finally:
            again.close()
    assert {(text["type"], text.get("component"), text.get("state")) for text in again.texts()} == {
        ("model", None, None),
        ("status", "source", "ok"),
        ("status", "provider", "ok"),
    }


def test_what_was_said_before_the_server_was_there_is_not_lost() -> None:
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
    assert len(listener.received) == 1  # the frame would be old by now


@contextmanager
def deaf_server() -> Iterator[int]:
    """A server that accepts one websocket, and reads nothing after."""

    def shake_hands() -> None:
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
        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield listening.getsockname()[1]
        done.set()
        thread.join()


def test_a_server_that_does_not_read_costs_frames_and_no_time() -> None:
    large = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
    with deaf_server() as port, connected(port) as publisher:
        begun = time.monotonic()
        for frame_id in range(200):
            publisher.send_frame(header(frame_id), large)
            time.sleep(0.001)
        took = time.monotonic() - begun
    assert publisher.dropped_count > 150
    assert took < 200 * 0.05  # had it waited once for the heartbeat, it would have been seconds a frame


def test_a_frame_that_was_sent_is_not_counted_as_dropped(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        for frame_id in range(20):
            publisher.send_frame(header(frame_id), JPEG)
            wait_until(lambda: len(listener.received) > frame_id)  # noqa: B023 - called before the next turn
        assert publisher.dropped_count == 0


def test_of_what_waits_the_newest_is_sent_and_the_rest_counted(listener: Listener) -> None:
    large = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
    listener.reads.clear()
    with connected(listener.port) as publisher:
        for frame_id in range(100):
            publisher.send_frame(header(frame_id), large)
            time.sleep(0.002)
        listener.reads.set()
        wait_until(lambda: frame_ids(listener)[-1:] == [99])
        ids = frame_ids(listener)
        assert ids == sorted(set(ids))
        assert len(ids) < 50
        assert len(ids) + publisher.dropped_count == 100


def frame_ids(listener: Listener) -> list[int]:
    return [unpack_frame(message)[0].frame_id for message in list(listener.received) if isinstance(message, bytes)]


def test_a_server_that_takes_a_call_and_never_answers_costs_no_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Publisher(ingest(silent.getsockname()[1])) as publisher:
        begun = time.monotonic()
        for frame_id in range(1000):
            publisher.send_frame(header(frame_id), JPEG)
            publisher.send(LOST)
        assert time.monotonic() - begun < 5
        assert not publisher.connected
    assert not publisher._thread.is_alive()


@pytest.mark.parametrize("answer", ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "no HTTP\r\n\r\n"])
def test_a_server_that_refuses_is_asked_again(answer: str) -> None:
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
        listening.settimeout(3)
        refusing = threading.Thread(target=refuse)
        refusing.start()
        with Publisher(ingest(listening.getsockname()[1])):
            refusing.join()
    assert calls == 3


def test_a_server_that_reads_no_more_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.messaging.publisher.HEARTBEAT_S", 0.2)
    large = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
    with deaf_server() as port, connected(port) as publisher:
        deadline = time.monotonic() + 3
        while publisher.connected and time.monotonic() < deadline:
            publisher.send_frame(header(1), large)
            time.sleep(0.01)
        assert not publisher.connected


def test_its_thread_ends_with_it(listener: Listener) -> None:
    with connected(listener.port) as publisher:
        assert publisher._thread.is_alive()
    assert not publisher._thread.is_alive()


def test_its_thread_ends_with_it_when_there_never_was_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with Publisher(ingest(port)) as publisher:
        assert publisher._thread.is_alive()
    assert not publisher._thread.is_alive()


def test_its_thread_ends_with_it_when_the_server_does_not_read() -> None:
    large = b"\xff\xd8" + bytes(1_000_000) + b"\xff\xd9"
    with deaf_server() as port:
        with connected(port) as publisher:
            for frame_id in range(50):
                publisher.send_frame(header(frame_id), large)
                time.sleep(0.005)
        assert not publisher._thread.is_alive()
