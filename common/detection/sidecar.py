"""The sidecar: NAME.toml beside NAME.onnx, which states what a model's file cannot."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from common.detection.metadata import MAX_CLASSES
from common.detection.preprocessing.options import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NO_MEAN,
    UNIT,
    UNSCALED,
    Channels,
    Fit,
    Levels,
    Preprocessing,
)
from common.errors import ModelError

MAX_BYTES = 256 * 1024

Level: TypeAlias = Annotated[float, Field(ge=0, le=255)]
Deviation: TypeAlias = Annotated[float, Field(gt=0, le=255)]
Side: TypeAlias = Annotated[int, Field(ge=1, le=4096)]

NORMALISATIONS: Mapping[str, tuple[Levels, Levels]] = {
    "0-1": (NO_MEAN, UNIT),
    "0-255": (NO_MEAN, UNSCALED),
    "imagenet": (IMAGENET_MEAN, IMAGENET_STD),
}


class Sidecar(BaseModel):
    """Every field is optional; models/README.md documents them. `mean` and `std` are levels of 0 to 255."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    format: str | None = None
    input_size: Side | tuple[Side, Side] | None = None
    labels: Literal["coco"] | Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_CLASSES)] | None = None
    fit: Fit | None = None
    padding: Annotated[int, Field(ge=0, le=255)] | None = None
    antialias: bool | None = None
    channels: Channels | None = None
    normalisation: Literal["0-1", "0-255", "imagenet"] | None = None
    mean: tuple[Level, Level, Level] | None = None
    std: tuple[Deviation, Deviation, Deviation] | None = None
    scores: Literal["sigmoid", "softmax"] | None = None
    background: Literal["none", "last"] | None = None

    @field_validator("fit", "channels", mode="before")
    @classmethod
    def _known(cls, value: object, info: Any) -> object:
        kind: type[Fit] | type[Channels] = Fit if info.field_name == "fit" else Channels
        names = [each.value for each in kind]
        if value not in names:
            raise ValueError(f"{value!r} is not one of {', '.join(names)}")
        return kind(value)

    @field_validator("input_size", "labels", "mean", "std", mode="before")
    @classmethod
    def _lists_are_tuples(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_normalisation(self) -> Self:
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std must be given together")
        if self.normalisation and self.mean:
            raise ValueError("normalisation and mean with std exclude each other")
        return self

    @property
    def size(self) -> tuple[int, int] | None:
        """`input_size` as height and width."""
        side = self.input_size
        return (side, side) if isinstance(side, int) else side

    def preprocessing(self, default: Preprocessing) -> Preprocessing:
        """`default` with what is stated here instead."""
        stated: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("fit", "channels", "padding", "antialias", "mean", "std")
            if getattr(self, name) is not None
        }
        if self.normalisation:
            stated["mean"], stated["std"] = NORMALISATIONS[self.normalisation]
        return replace(default, **stated)


def read_sidecar(model: Path) -> Sidecar:
    """The sidecar of `model`, an empty one where there is no file. Raises ModelError for a file that is not valid."""
    path = model.with_suffix(".toml")
    try:
        if not path.is_file():
            return Sidecar()
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ModelError(f"{path} has more than {MAX_BYTES} bytes")
        return Sidecar.model_validate(tomllib.loads(content.decode("utf-8")))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"][:1])
        raise ModelError(f"{path}: {where}{': ' if where else ''}{fault['msg']}") from error
    # tomllib recurses into nested arrays: https://docs.python.org/3/library/tomllib.html
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}") from error
