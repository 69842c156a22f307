"""The settings of several machines: which of them run a server, and how they are joined."""

import re
from typing import Annotated, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from common.config.fields import Name, Quality, SettingsModel, Text, Width
from common.config.loopback import is_loopback

HUB = re.compile(r"(?P<protocol>tcp|tls)/(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/#]+):(?P<port>\d{1,5})")


def as_list(value: object) -> object:
    """Accept one name where several are allowed."""
    return [value] if isinstance(value, str) else value


Nodes: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(as_list), Field(min_length=1, max_length=64)]


class ServerSettings(SettingsModel):
    """The nodes that run a UiServer, each for all cameras. The first one is that to which the others connect."""

    node: Nodes = ("main",)


class ZenohSettings(SettingsModel):
    """How the nodes are joined, and the JPEGs that processors get.

    `hub` is where the first node with a server listens. `certificates` is a folder with ca.pem, NODE.pem and NODE.key.
    `config` is a file with a configuration of Zenoh, which is used instead of both.
    """

    hub: Text | None = None
    certificates: Text | None = None
    config: Text | None = None
    jpeg_quality: Quality = 90
    frame_width: Width = 0

    @model_validator(mode="after")
    def _check_hub(self) -> Self:
        if self.hub is None:
            return self
        match = HUB.fullmatch(self.hub)
        if match is None:
            raise ValueError(f"hub ({self.hub}) must be tls/HOST:PORT, or tcp/HOST:PORT on loopback")
        if match["protocol"] == "tcp" and not is_loopback(match["host"].strip("[]")):
            raise ValueError(f"hub ({self.hub}) must be tls/HOST:PORT: tcp is for loopback only")
        if match["protocol"] == "tls" and self.certificates is None:
            raise ValueError(f"hub ({self.hub}) needs certificates; see python main.py certificates --help")
        return self
