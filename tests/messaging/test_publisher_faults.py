"""The publisher with a server that is absent, refuses, does not answer or does not read; the end of its thread."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.utils import accept_key

from common.messaging.publisher import Publisher
from tests.support.listener import JPEG, LARGE_JPEG, LOST, Listener, connected, header, ingest
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_S


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
        listening.settimeout(PATIENCE_S)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
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
    monkeypatch.setattr("common.messaging.publisher.HEARTBEAT_S", 1.0)
    with server_that_does_not_read() as port, connected(port) as publisher:
        deadline = time.monotonic() + PATIENCE_S
        while publisher.connected and time.monotonic() < deadline:
            publisher.send_frame(header(1), LARGE_JPEG)
            time.sleep(0.01)
        assert not publisher.connected


def test_the_thread_ends_with_the_publisher() -> None:
    with Listener(free_port()) as listener, connected(listener.port) as publisher:
        assert publisher._thread.is_alive()
    assert not publisher._thread.is_alive()


def test_the_thread_ends_when_there_never_was_a_server() -> None:
    port = free_port()
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
