"""Sink to an MQTT broker: events at QoS 1, states retained, availability by the last will."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from urllib.parse import unquote, urlsplit

from common.config.sinks import MqttSettings
from common.errors import SettingsError, SinkError
from common.messaging.event import Event
from common.sinks.homeassistant import discovery
from common.sinks.state import State
from common.text import redact

try:
    from common.sinks.mqtt_client import MqttClient
except ModuleNotFoundError as error:
    raise SettingsError(
        "a sink of type mqtt needs paho-mqtt; install it with: pip install -r requirements-mqtt.txt"
    ) from error

PORTS = {"mqtt": 1883, "mqtts": 8883}
OFFLINE_S = 1.0  # for the acknowledgement of the last message


class MqttSink:
    """Publishes below the base topic of the settings:

    - `status`: `online`, or `offline` by the last will (retained)
    - `event`: each event as JSON (QoS 1)
    - `CAMERA/connected`: `ON` or `OFF` (retained)
    - `CAMERA/PROCESSOR/values` and `CAMERA/PROCESSOR/objects`: JSON objects of numbers (retained)
    """

    def __init__(self, settings: MqttSettings) -> None:
        """Raises SettingsError for a URL or certificate file that cannot be used."""
        self.name = settings.name
        self._settings = settings
        text = settings.url.get_secret_value()
        self._shown = redact(text)
        try:
            self._url = urlsplit(text)
            self._port = self._url.port or PORTS[self._url.scheme]
        except (KeyError, ValueError):
            raise SettingsError(f"sink {self.name}: {self._shown} is not mqtt://HOST[:PORT] or mqtts://…") from None
        if not self._url.hostname:
            raise SettingsError(f"sink {self.name}: {self._shown} names no host")
        self._tls = self._tls_context() if self._url.scheme == "mqtts" else None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["MqttConnection"]:
        """Connect to the broker. Raises SinkError."""
        status = f"{self._settings.topic}/status"
        user = unquote(self._url.username) if self._url.username else None
        password = unquote(self._url.password) if self._url.password else None
        try:
            with closing(MqttClient((status, "offline"), user, password, self._tls)) as client:
                await client.connect(self._url.hostname or "", self._port)
                try:
                    await client.publish(status, "online", retain=True)
                    yield MqttConnection(client, self._settings, self._shown)
                finally:
                    # A broker does not publish the last will of a client that disconnects.
                    with suppress(OSError):
                        async with asyncio.timeout(OFFLINE_S):
                            await client.publish(status, "offline", retain=True)
        except OSError as error:
            raise SinkError(f"{self._shown}: {error}") from error

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise SettingsError(f"sink {self.name}: ca_file {self._settings.ca_file!r}: {error}") from error


class MqttConnection:
    """A connection to a broker. It keeps what it has published, and publishes only what has changed."""

    def __init__(self, client: MqttClient, settings: MqttSettings, shown: str) -> None:
        self._client = client
        self._settings = settings
        self._shown = shown
        self._published: dict[str, str] = {}

    async def send(self, event: Event) -> None:
        """Publish an event and wait for the broker's acknowledgement. Raises SinkError."""
        await self._publish(f"{self._settings.topic}/event", event.model_dump_json(), retain=False)

    async def publish(self, state: State) -> None:
        """Publish what has changed since the last call. Raises SinkError."""
        topic = self._settings.topic
        payloads = {}
        if self._settings.discovery:
            payloads = dict(discovery(topic, self._settings.discovery_prefix, name, state) for name in state.cameras)
        payloads |= {f"{topic}/{name}/connected": "ON" if up else "OFF" for name, up in state.cameras.items()}
        for kind, by_pair in (("values", state.values), ("objects", state.objects)):
            for (camera, processor), numbers in by_pair.items():
                payloads[f"{topic}/{camera}/{processor}/{kind}"] = json.dumps(numbers)
        for name, payload in payloads.items():
            if self._published.get(name) != payload:
                await self._publish(name, payload, retain=True)
                self._published[name] = payload

    async def _publish(self, topic: str, payload: str, *, retain: bool) -> None:
        try:
            await self._client.publish(topic, payload, retain=retain)
        except OSError as error:
            raise SinkError(f"{self._shown}: {error}") from error
