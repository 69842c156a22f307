"""Sink to an MQTT broker: events at QoS 1, states retained, availability by the last will."""

import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote, urlsplit

from common.config.sinks import MqttSettings
from common.errors import SettingsError, SinkError
from common.messaging.event import Event
from common.sinks.homeassistant import discovery
from common.sinks.state import State
from common.text import redact

try:
    import aiomqtt
except ModuleNotFoundError as error:
    raise SettingsError(
        "a sink of type mqtt needs aiomqtt; install it with: pip install -r requirements-mqtt.txt"
    ) from error

PORTS = {"mqtt": 1883, "mqtts": 8883}
TIMEOUT_S = 10.0  # to connect, and for the acknowledgement of each message
KEEPALIVE_S = 15  # a broker publishes the last will after 1.5 times as long (MQTT 3.1.1, section 3.1.2.10)

# The connection logs each failure itself; every failure also arrives as an exception.
logging.getLogger("aiomqtt.client").setLevel(logging.CRITICAL)
client_logger = logging.getLogger("aiomqtt.client")


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
        topic = self._settings.topic
        try:
            async with aiomqtt.Client(
                self._url.hostname or "",
                self._port,
                username=unquote(self._url.username) if self._url.username else None,
                password=unquote(self._url.password) if self._url.password else None,
                tls_context=self._tls,
                will=aiomqtt.Will(f"{topic}/status", "offline", qos=1, retain=True),
                timeout=TIMEOUT_S,
                keepalive=KEEPALIVE_S,
                logger=client_logger,
            ) as client:
                await client.publish(f"{topic}/status", "online", qos=1, retain=True)
                try:
                    yield MqttConnection(client, self._settings, self._shown)
                finally:
                    # A broker does not publish the last will of a client that disconnects.
                    with suppress(aiomqtt.MqttError, OSError):
                        await client.publish(f"{topic}/status", "offline", qos=1, retain=True, timeout=1)
        except (aiomqtt.MqttError, OSError) as error:
            raise SinkError(f"{self._shown}: {error}") from error

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise SettingsError(f"sink {self.name}: ca_file {self._settings.ca_file!r}: {error}") from error


class MqttConnection:
    """A connection to a broker. It keeps what it has published, and publishes only what has changed."""

    def __init__(self, client: "aiomqtt.Client", settings: MqttSettings, shown: str) -> None:
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
            await self._client.publish(topic, payload, qos=1, retain=retain, timeout=TIMEOUT_S)
        except (aiomqtt.MqttError, OSError) as error:
            raise SinkError(f"{self._shown}: {error}") from error
