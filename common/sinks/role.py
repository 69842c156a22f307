"""The sinks role: delivers events and states to every sink that is configured."""

import asyncio
import json
from collections.abc import Callable, Sequence

from common.config.sinks import JsonlSettings, MqttSettings, SinkSettings
from common.events.spool import Spool
from common.interfaces import StopSignal
from common.messaging.messages import Status
from common.sinks.delivery import Delivery
from common.sinks.jsonl import JsonlSink
from common.sinks.options import SinksOptions
from common.sinks.sink import Sink
from common.sinks.state import State
from common.sinks.webhook import WebhookSink
from common.telemetry.meter import Meter
from common.telemetry.reporter import Reporter

STOP_CHECK_S = 0.1


def run_sinks(options: SinksOptions, stop: StopSignal) -> None:
    """Run the role until stop is set. Raises SettingsError for a sink that can never work."""
    sinks = [make_sink(settings) for settings in options.sinks]
    meter = Meter("sinks")
    with options.ingest.publisher() as publisher, Reporter(meter, publisher.send, lambda: publisher.connected):
        asyncio.run(_serve(options, sinks, meter, publisher.send, stop))


def make_sink(settings: SinkSettings) -> Sink:
    """Return the sink for its settings. Raises SettingsError."""
    if isinstance(settings, MqttSettings):
        from common.sinks.mqtt import MqttSink  # needs an optional package

        return MqttSink(settings)
    return JsonlSink(settings) if isinstance(settings, JsonlSettings) else WebhookSink(settings)


async def _serve(
    options: SinksOptions, sinks: Sequence[Sink], meter: Meter, send: Callable[[Status], None], stop: StopSignal
) -> None:
    state = State()
    deliveries = []
    for sink in sinks:

        def report(condition: str, message: str, name: str = f"sink {sink.name}") -> None:
            send(Status.model_validate({"component": name, "state": condition, "message": message}))

        delivery = Delivery(sink, Spool(options.spool, options.max_events), state, report)
        meter.follow_count(f"sent to {sink.name}", lambda delivery=delivery: delivery.sent_count)  # type: ignore[misc]
        meter.follow_drop(sink.name, "rejected", lambda delivery=delivery: delivery.rejected_count)  # type: ignore[misc]
        meter.follow_drop(sink.name, "spool full", lambda delivery=delivery: delivery.lost_count)  # type: ignore[misc]
        deliveries.append(delivery)
    tasks = [asyncio.create_task(delivery.run()) for delivery in deliveries]
    tasks.append(asyncio.create_task(_follow(options, state, deliveries)))
    try:
        while not stop.is_set():
            stop.beat()
            for task in tasks:
                if task.done():
                    task.result()  # raises what ended it
            await asyncio.sleep(STOP_CHECK_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(options: SinksOptions, state: State, deliveries: Sequence[Delivery]) -> None:
    """Keep `state` as the server broadcasts it, and wake the deliveries for each event."""
    async for text in options.ingest.messages():
        message = json.loads(text)
        state.update(message)
        if message["type"] == "event":
            for delivery in deliveries:
                delivery.wake()
