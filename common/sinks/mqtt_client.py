"""A client of an MQTT broker for asyncio, whose own threads hold the connection."""

import asyncio
import ssl
import threading
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

TIMEOUT_S = 10.0  # to connect, and for the acknowledgement of each message
KEEPALIVE_S = 15  # a broker publishes the last will after 1.5 times as long (MQTT 3.1.1, section 3.1.2.10)
CONNECTED = 0  # not the id of a message


class MqttClient:
    """Publishes messages one at a time, at QoS 1.

    A thread connects, and one of paho then reads and writes. They pass what happens to the event loop until close(),
    which waits for neither of them: an attempt to connect takes seconds to fail.
    """

    def __init__(
        self, will: tuple[str, str], user: str | None, password: str | None, tls: ssl.SSLContext | None
    ) -> None:
        """`will` is the topic and the payload of the last will, which is retained. Starts nothing."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        self._client.will_set(*will, qos=1, retain=True)
        if user is not None:
            self._client.username_pw_set(user, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect
        self._loop = asyncio.get_running_loop()
        self._happened: asyncio.Queue[int | Exception] = asyncio.Queue()  # CONNECTED, and ids of acknowledged messages
        self._lock = threading.Lock()  # guards the two below
        self._is_connected = False
        self._is_closed = False

    async def connect(self, host: str, port: int) -> None:
        """Connect. Called once. Raises OSError."""
        threading.Thread(target=self._connect, args=(host, port), name="mqtt connection", daemon=True).start()
        await self._until(CONNECTED)

    async def publish(self, topic: str, payload: str, *, retain: bool) -> None:
        """Publish a message, and wait for the broker's acknowledgement. Raises OSError."""
        message = self._client.publish(topic, payload, qos=1, retain=retain)
        if message.rc != paho.MQTT_ERR_SUCCESS:
            raise ConnectionError(paho.error_string(message.rc))
        await self._until(message.mid)

    def close(self) -> None:
        """Disconnect. The event loop is not used any more."""
        with self._lock:
            self._is_closed = True
            is_connected = self._is_connected
        client = self._client
        client.on_connect = client.on_publish = client.on_disconnect = None  # a cycle would keep its sockets open
        if is_connected:
            client.disconnect()

    async def _until(self, awaited: int) -> None:
        """Wait until `awaited` has happened. Raises OSError."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while (happened := await self._happened.get()) != awaited:
                    if isinstance(happened, Exception):
                        raise happened
        except TimeoutError as error:
            raise TimeoutError("no answer in time") from error

    # On the threads.

    def _connect(self, host: str, port: int) -> None:
        try:
            self._client.connect(host, port, KEEPALIVE_S)
        except Exception as error:  # raised by connect()
            self._put(error)
            return
        with self._lock:
            self._is_connected = True
            is_closed = self._is_closed
            if not is_closed:
                self._client.loop_start()
        if is_closed:
            self._client.disconnect()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._put(ConnectionError(str(reason)) if reason.is_failure else CONNECTED)

    def _on_publish(self, client: Any, userdata: Any, message_id: int, reason: Any, properties: Any) -> None:
        self._put(message_id)

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._put(ConnectionError("the broker has closed the connection"))

    def _put(self, happened: int | Exception) -> None:
        with self._lock:
            if not self._is_closed:
                self._loop.call_soon_threadsafe(self._happened.put_nowait, happened)
