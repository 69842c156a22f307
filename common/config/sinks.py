"""The settings of sinks: where events and values are sent."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class _SinkSettings(BaseModel):
    """What every sink has: a name that is unique among the sinks (its type by default)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,40}$")] = ""


class MqttSettings(_SinkSettings):
    """An MQTT broker. `url` is mqtt://[user:password@]host[:port] or mqtts://… for TLS."""

    type: Literal["mqtt"]
    url: Annotated[SecretStr, Field(min_length=1)]
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/.-]{1,100}$")] = "edge-vision"
    discovery: bool = True  # announce cameras and values to Home Assistant
    discovery_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/.-]{1,100}$")] = "homeassistant"
    ca_file: Path | None = None  # of a private authority; the system's authorities otherwise


class WebhookSettings(_SinkSettings):
    """An HTTP endpoint that events are posted to as JSON."""

    type: Literal["webhook"]
    url: Annotated[SecretStr, Field(min_length=1)]
    secret: SecretStr | None = None  # key of the HMAC-SHA256 signature
    thumbnail: bool = False  # send the JPEG of the frame, too
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10


class JsonlSettings(_SinkSettings):
    """A file with one JSON object a line, rotated by size."""

    type: Literal["jsonl"]
    path: Path
    max_mb: Annotated[float, Field(gt=0, le=100_000)] = 100
    keep: Annotated[int, Field(ge=1, le=1000)] = 5  # files, the current one included


SinkSettings: TypeAlias = Annotated[MqttSettings | WebhookSettings | JsonlSettings, Field(discriminator="type")]
