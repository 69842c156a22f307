"""MQTT sink against a real mosquitto: acknowledged events, retained states, availability, and bad brokers."""

import asyncio
import json
import multiprocessing
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from pydantic import SecretStr

from common.config.sinks import MqttSettings
from common.errors import SettingsError, SinkError
from common.sinks import mqtt_client
from common.sinks.mqtt import MqttSink
from common.sinks.state import State
from tests.support.broker import Broker
from tests.support.events import PATIENCE_S, event, until


def sink(port: int, credentials: str = "") -> MqttSink:
    return MqttSink(MqttSettings(type="mqtt", url=SecretStr(f"mqtt://{credentials}127.0.0.1:{port}"), topic="site"))


class Subscriber:
    """Records every message, as (topic, payload, retained)."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, bool]] = []

    def payloads(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.messages if name == topic]


@asynccontextmanager
async def subscribed(port: int) -> AsyncIterator[Subscriber]:
    subscriber = Subscriber()
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("#", qos=1)

        async def read() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                subscriber.messages.append((str(message.topic), message.payload.decode(), message.retain))

        reader = asyncio.create_task(read())
        try:
            yield subscriber
        finally:
            reader.cancel()


@pytest.fixture
def state() -> State:
    known = State()
    known.update({"type": "hello", "cameras": [{"name": "gate"}, {"name": "yard"}]})
    known.update({"type": "status", "component": "source", "state": "lost", "camera": "yard"})
    known.update(
        {
            "type": "detections",
            "camera": "gate",
            "processor": "vehicles",
            "detections": [{"label": "car"}, {"label": "car"}, {"label": "bus"}],
            "values": {"speed": 12.5},
        }
    )
    return known


async def test_events_are_published_in_order_and_acknowledged(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        async with subscribed(broker.port) as subscriber, sink(broker.port).connect() as connection:
            for number in range(5):
                await connection.send(event(number))
            await until(lambda: len(subscriber.payloads("site/event")) == 5)
        assert [json.loads(payload) for payload in subscriber.payloads("site/event")] == [
            event(number).model_dump() for number in range(5)
        ]


async def test_states_are_retained_and_only_changes_are_published(tmp_path: Path, state: State) -> None:
    with Broker(tmp_path) as broker:
        async with subscribed(broker.port) as subscriber, sink(broker.port).connect() as connection:
            await connection.publish(state)
            await connection.publish(state)
            state.update({"type": "status", "component": "source", "state": "ok", "camera": "yard"})
            state.update({"type": "detections", "camera": "gate", "processor": "vehicles", "detections": []})
            await connection.publish(state)
            await until(lambda: len(subscriber.payloads("site/gate/vehicles/objects")) == 2)
            await until(lambda: len(subscriber.payloads("site/yard/connected")) == 2)
            assert subscriber.payloads("site/gate/connected") == ["ON"]
            assert subscriber.payloads("site/yard/connected") == ["OFF", "ON"]
            assert [json.loads(one) for one in subscriber.payloads("site/gate/vehicles/objects")] == [
                {"car": 2, "bus": 1},
                {"car": 0, "bus": 0},
            ]
            assert [json.loads(one) for one in subscriber.payloads("site/gate/vehicles/values")] == [{"speed": 12.5}]
        async with subscribed(broker.port) as late:
            await until(lambda: bool(late.payloads("site/gate/vehicles/values")))
            assert all(retained for topic, _, retained in late.messages if topic != "site/event")


async def test_availability_is_online_then_offline_at_the_end(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        async with subscribed(broker.port) as subscriber:
            async with sink(broker.port).connect():
                await until(lambda: subscriber.payloads("site/status") == ["online"])
            await until(lambda: subscriber.payloads("site/status") == ["online", "offline"])


async def test_the_last_will_reports_a_process_that_was_killed(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        process = multiprocessing.get_context("spawn").Process(target=stay_connected, args=(broker.port,))
        async with subscribed(broker.port) as subscriber:
            process.start()
            await until(lambda: subscriber.payloads("site/status") == ["online"])
            process.kill()
            await until(lambda: subscriber.payloads("site/status") == ["online", "offline"])


def stay_connected(port: int) -> None:
    async def connect() -> None:
        async with sink(port).connect():
            await asyncio.sleep(60)

    asyncio.run(connect())


async def test_a_broker_that_stops_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "TIMEOUT_S", 0.5)

    async def send_on(broker: Broker) -> None:
        async with sink(broker.port).connect() as connection:
            broker.stop()
            for number in range(1000):
                await connection.send(event(number))
                await asyncio.sleep(0.01)

    with Broker(tmp_path) as broker, pytest.raises(SinkError, match=r"mqtt://127\.0\.0\.1"):
        await send_on(broker)


@pytest.mark.parametrize(
    ("credentials", "accepted"), [("vision:open%3Asesame@", True), ("vision:wrong@", False), ("", False)]
)
async def test_a_broker_with_a_password_accepts_only_the_right_one(
    tmp_path: Path, credentials: str, accepted: bool
) -> None:
    with Broker(tmp_path, password="open:sesame") as broker:
        if accepted:
            async with sink(broker.port, credentials).connect() as connection:
                await connection.send(event(1))
            return
        with pytest.raises(SinkError) as caught:
            async with sink(broker.port, credentials).connect():
                pass
        assert "wrong" not in str(caught.value)
        assert "vision" not in str(caught.value)


async def test_a_broker_that_accepts_and_never_answers_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "TIMEOUT_S", 0.3)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        closed.set()

    closed = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        with pytest.raises(SinkError):
            async with sink(server.sockets[0].getsockname()[1]).connect():
                pass
        async with asyncio.timeout(PATIENCE_S):
            await closed.wait()


async def enter(port: int) -> None:
    async with sink(port).connect():
        await asyncio.Event().wait()


async def test_a_connection_is_closed_when_its_task_is_cancelled_before_the_broker_has_answered() -> None:
    accepted, closed = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, asyncio.timeout(mqtt_client.KEEPALIVE_S / 2):  # the broker would close it after KEEPALIVE_S
        connecting = asyncio.create_task(enter(server.sockets[0].getsockname()[1]))
        await accepted.wait()
        connecting.cancel()
        await asyncio.wait([connecting])
        await closed.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="what a full backlog does is of Linux")
def test_an_attempt_to_connect_does_not_delay_the_end_of_the_event_loop() -> None:
    async def try_to_connect() -> None:
        connecting = asyncio.create_task(enter(listening.getsockname()[1]))
        await until(lambda: len(attempts()) == 1)
        connecting.cancel()
        await asyncio.wait([connecting])

    def attempts() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "mqtt connection"]

    # The backlog of listen(0) holds one connection, and the kernel answers no further one (listen(2)).
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, socket.socket() as waiting:
        waiting.connect(listening.getsockname())
        asyncio.run(try_to_connect())
        (attempt,) = attempts()
    attempt.join(PATIENCE_S)
    assert not attempt.is_alive()


async def test_a_broker_that_stops_again_and_again_leaves_nothing_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def send_until_it_is_stopped(broker: Broker) -> None:
        async with sink(broker.port).connect() as connection:
            stopping = asyncio.create_task(asyncio.to_thread(broker.stop))
            try:
                while True:
                    await connection.send(event(1))
            finally:
                await stopping

    with Broker(tmp_path) as broker:
        for _ in range(10):
            with pytest.raises(SinkError):
                await send_until_it_is_stopped(broker)
            await asyncio.to_thread(broker.start)
    assert caplog.record_tuples == []


@pytest.mark.parametrize(
    "url", ["http://broker", "mqtt://", "broker:1883", "mqtt://broker:port", "mqtt://broker:99999"]
)
def test_a_url_that_is_not_a_brokers_is_one_line(url: str) -> None:
    with pytest.raises(SettingsError, match="sink mqtt: "):
        MqttSink(MqttSettings(type="mqtt", url=SecretStr(url)))


def test_a_ca_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    settings = MqttSettings(type="mqtt", url=SecretStr("mqtts://broker"), ca_file=str(tmp_path / "missing.pem"))
    with pytest.raises(SettingsError, match="sink mqtt: ca_file"):
        MqttSink(settings)
