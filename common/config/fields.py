"""The base class of all settings models, and the types that their fields share."""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Rate: TypeAlias = Annotated[float, Field(gt=0, le=240)]  # frames a second; 240: the fastest common cameras
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]  # part of URLs, metrics and Zenoh keys
Score: TypeAlias = Annotated[float, Field(ge=0, le=1)]
ProviderName: TypeAlias = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "coreml", "directml"]
Quality: TypeAlias = Annotated[int, Field(ge=1, le=100)]
Width: TypeAlias = Annotated[int, Field(ge=0, le=16384)]  # pixels; libjpeg-turbo and browsers handle this width

# Scheme, host and port as browsers send them in Origin; the pattern leaves nothing that ends a directive of a CSP.
Origin: TypeAlias = Annotated[str, Field(pattern=r"^https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$")]

PROCESSOR_PATTERN = r"^.+:[A-Za-z_][A-Za-z0-9_]*$"  # FILE.py:NAME or package.module:NAME
TOPIC_PATTERN = r"^[A-Za-z0-9_/.-]{1,100}$"  # of MQTT
Point: TypeAlias = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


def as_browsers_write(origin: str) -> str:
    """Return an origin in lower case, without the default port of its scheme."""
    origin = origin.strip().lower().removesuffix("/")
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def check_distinct(values: Iterable[tuple[str, object]]) -> None:
    """Raise ValueError when a value, given with its place, occurs twice."""
    places: dict[object, str] = {}
    for place, value in values:
        if value in places:
            raise ValueError(f"{place} ({value}) must differ from {places[value]}")
        places[value] = place


class SettingsModel(BaseModel):
    """Frozen settings: unknown names, NaN and infinity are errors, a number may stand for text (`source = 0`)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True, validate_default=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_bool_as_number(cls, value: object, info: ValidationInfo) -> object:
        """Pydantic's lax mode converts True to 1 (pydantic documentation, "Conversion Table")."""
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("true or false where another type is expected")
        return value
