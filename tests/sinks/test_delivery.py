"""Delivery: in order, at least once, through failures of the sink and restarts of role and broker."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiomqtt
import pytest
from pydantic import SecretStr

from common.config.sinks import JsonlSettings, MqttSettings
from common.errors import EventRejectedError, SettingsError, SinkError
from common.events.spool import Spool, Spooled
from common.messaging.event import Event
from common.sinks import delivery as delivery_module
from common.sinks.delivery import Delivery
from common.sinks.mqtt import MqttSink
from common.sinks.role import make_sink
from common.sinks.state import State
from tests.support.broker import Broker
from tests.support.events import PATIENCE_S, event, until

MAX_EVENTS = 10_000


class Flaky:
    """A sink whose sending can be made to fail."""

    name = "flaky"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.connections = 0
        self.fault: Callable[[Event], Exception | None] = lambda _: None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Flaky"]:
        self.connections += 1
        yield self

    async def send(self, one: Event) -> None:
        if error := self.fault(one):
            raise error
        self.sent.append(one.event_id)

    async def publish(self, state: State) -> None:
        pass


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(delivery_module, "LONGEST_DELAY_S", 0.1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


def append(path: Path, numbers: range) -> None:
    with Spool(path, MAX_EVENTS) as spool:
        for number in numbers:
            spool.append(event(number))


def unsent(path: Path, sink: str) -> list[Spooled]:
    with Spool(path, MAX_EVENTS) as spool:
        return spool.unsent(sink, MAX_EVENTS)


@asynccontextmanager
async def delivering(sink: Flaky | MqttSink, path: Path, statuses: list[str] | None = None) -> AsyncIterator[Delivery]:
    received = statuses if statuses is not None else []
    delivery = Delivery(
        sink, Spool(path, MAX_EVENTS), State(), lambda state, message: received.append(f"{state}: {message}")
    )
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_events_are_delivered_in_order_once_the_sink_is_registered(path: Path) -> None:
    sink = Flaky()
    async with delivering(sink, path) as delivery:
        await until(lambda: sink.connections == 1)
        append(path, range(200))
        delivery.wake()
        await until(lambda: len(sink.sent) == 200)
    assert sink.sent == [str(number) for number in range(200)]
    assert delivery.sent_count == 200


async def test_a_sink_that_fails_gets_the_same_event_again_and_the_others_after_it(path: Path) -> None:
    sink = Flaky()
    statuses: list[str] = []
    attempts = iter(range(1000))
    sink.fault = lambda one: SinkError("no") if one.event_id == "3" and next(attempts) < 5 else None
    async with delivering(sink, path, statuses):
        await until(lambda: sink.connections == 1)
        append(path, range(6))
        await until(lambda: len(sink.sent) == 6)
        await until(lambda: statuses[-1] == "ok: delivers")
    assert sink.sent == ["0", "1", "2", "3", "4", "5"]
    assert sink.connections == 6
    assert [status.partition(";")[0] for status in statuses] == ["ok: delivers", *["lost: no"] * 5, "ok: delivers"]


async def test_a_rejected_event_is_counted_and_does_not_block_the_others(path: Path) -> None:
    sink = Flaky()
    sink.fault = lambda one: EventRejectedError("bad") if one.event_id == "1" else None
    async with delivering(sink, path) as delivery:
        await until(lambda: sink.connections == 1)
        append(path, range(3))
        await until(lambda: len(sink.sent) == 2)
    assert (sink.sent, delivery.rejected_count) == (["0", "2"], 1)


async def test_what_a_full_spool_removed_unsent_is_counted_and_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = Flaky()
    sink.fault = lambda _: SinkError("no")
    with Spool(path, 100) as spool:
        spool.add_sink(sink.name)
        spool.append(*map(event, range(200)))  # before this run: not counted again
        async with delivering(sink, path) as delivery:
            await until(lambda: sink.connections > 1)
            assert delivery.lost_count == 0
            spool.append(*map(event, range(200, 500)))
            await until(lambda: delivery.lost_count == 300)
            sink.fault = lambda _: None
            await until(lambda: len(sink.sent) == 100)
    assert sink.sent == [str(number) for number in range(400, 500)]
    assert "sink flaky: 300 events were removed from the full spool unsent" in caplog.text


async def test_what_was_appended_while_the_role_was_away_is_delivered(path: Path) -> None:
    first, second = Flaky(), Flaky()
    async with delivering(first, path):
        await until(lambda: first.connections == 1)
        append(path, range(3))
        await until(lambda: len(first.sent) == 3 and not unsent(path, first.name))  # else the last is sent again
    append(path, range(3, 6))
    async with delivering(second, path):
        await until(lambda: len(second.sent) == 3)
    assert first.sent + second.sent == [str(number) for number in range(6)]


async def test_a_broker_that_is_restarted_gets_every_event_in_order(tmp_path: Path, path: Path) -> None:
    with Broker(tmp_path) as broker:
        sink = MqttSink(MqttSettings(type="mqtt", url=SecretStr(f"mqtt://127.0.0.1:{broker.port}"), topic="site"))
        received: list[str] = []
        subscribed = asyncio.Event()

        async def receive() -> None:
            while True:
                with suppress(aiomqtt.MqttError):
                    async with aiomqtt.Client(
                        "127.0.0.1", broker.port, identifier="receiver", clean_session=False
                    ) as client:
                        await client.subscribe("site/event", qos=1)
                        subscribed.set()
                        async for message in client.messages:
                            assert isinstance(message.payload, bytes)
                            received.append(Event.model_validate_json(message.payload).event_id)
                await asyncio.sleep(0.05)

        receiver = asyncio.create_task(receive())
        statuses: list[str] = []
        async with delivering(sink, path, statuses) as delivery:
            async with asyncio.timeout(PATIENCE_S):
                await subscribed.wait()
            await until(lambda: bool(statuses))
            append(path, range(20))
            await until(lambda: delivery.sent_count >= 20)
            broker.stop()
            append(path, range(20, 40))
            await asyncio.sleep(0.3)
        # Neither the role nor the broker is connected; events continue.
        append(path, range(40, 60))
        broker.start()
        async with delivering(sink, path):
            await until(lambda: len(set(received)) == 60)
        receiver.cancel()
    in_order = sorted(set(received), key=received.index)
    assert in_order == [str(number) for number in range(60)]


def test_the_mqtt_package_is_needed_only_by_its_sink(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "common.sinks.mqtt", None)
    assert make_sink(JsonlSettings(type="jsonl", path=str(tmp_path / "events.jsonl"))).name == "jsonl"


def test_without_the_mqtt_package_the_error_explains_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("common.sinks.mqtt", "common.sinks.mqtt_client"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "paho.mqtt", None)
    with pytest.raises(SettingsError, match=r"pip install -r requirements-mqtt\.txt"):
        make_sink(MqttSettings(type="mqtt", url=SecretStr("mqtt://localhost")))
