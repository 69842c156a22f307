"""The settings of sinks: where events and values are sent."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, SecretStr, Tag

from common.config.fields import TOPIC_PATTERN, Name, SettingsModel, Text

Topic: TypeAlias = Annotated[str, Field(pattern=TOPIC_PATTERN)]


class MqttSettings(SettingsModel):
    """An MQTT broker. `url` is mqtt://[user:password@]host[:port] or mqtts://… for TLS."""

    type: Literal["mqtt"]
    name: Name = "mqtt"
    url: Annotated[SecretStr, Field(min_length=1)]
    topic: Topic = "edge-vision"
    discovery: bool = True  # announce cameras and values to Home Assistant
    discovery_prefix: Topic = "homeassistant"
    ca_file: Text | None = None  # of a private authority; the system's authorities otherwise


class WebhookSettings(SettingsModel):
    """An HTTP endpoint that events are posted to as JSON."""

    type: Literal["webhook"]
    name: Name = "webhook"
    url: Annotated[SecretStr, Field(min_length=1)]
    secret: SecretStr | None = None  # key of the HMAC-SHA256 signature
    thumbnail: bool = False  # send the JPEG of the frame, too
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10


class JsonlSettings(SettingsModel):
    """A file with one JSON object a line, rotated by size."""

    type: Literal["jsonl"]
    name: Name = "jsonl"
    path: Text
    max_mb: Annotated[float, Field(gt=0, le=100_000)] = 100
    keep: Annotated[int, Field(ge=1, le=1000)] = 5  # files, the current one included


SINK_TYPES: dict[str, type[SettingsModel]] = {"mqtt": MqttSettings, "webhook": WebhookSettings, "jsonl": JsonlSettings}


def _type_of(value: object) -> str | None:
    """Return the value of `type`, before and after the validation."""
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return kind if isinstance(kind, str) else None


SinkSettings: TypeAlias = Annotated[
    Annotated[MqttSettings, Tag("mqtt")]
    | Annotated[WebhookSettings, Tag("webhook")]
    | Annotated[JsonlSettings, Tag("jsonl")],
    Discriminator(_type_of),
]
