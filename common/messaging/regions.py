"""Messages about lines and zones, which viewers draw while the app runs."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.messaging.base import MAX_STATUS_CHARACTERS, Message, Name

MAX_POINTS = 100


class Region(BaseModel):
    """A line or a zone: its name, and its points as fractions of the frame."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(max_length=100)]
    points: Annotated[tuple[tuple[float, float], ...], Field(max_length=MAX_POINTS)]


class RegionsChange(Message):
    """All lines and zones that a processor counts at from now on. They are checked by the rules of the settings."""

    type: Literal["regions"] = "regions"
    processor: Name
    lines: tuple[Region, ...] = ()
    zones: tuple[Region, ...] = ()


class Refusal(Message):
    """To the viewer whose request was refused: the type of the request, and a sentence to display."""

    type: Literal["refusal"] = "refusal"
    request: Name
    message: Annotated[str, Field(max_length=MAX_STATUS_CHARACTERS)]
