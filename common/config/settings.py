"""What can be set, what each setting means, and the limits it keeps."""

import ipaddress
import secrets
from typing import Annotated, Literal, Self, TypeAlias, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from common.errors import SettingsError
from common.text import redact

Rate: TypeAlias = Annotated[float, Field(gt=0, le=240)]  # 240: the fastest of the cameras that are common
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class LiveSettings(BaseModel):
    """The settings that a viewer may change while the app runs. `*_ms` are milliseconds."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True, validate_default=True
    )

    min_score: Annotated[
        float, Field(ge=0, le=1, description="confidence threshold: boxes that score less are left out")
    ] = 0.3
    infer_repeat: Annotated[
        int, Field(ge=1, le=100, description="run inference this many times on each frame: a heavier model")
    ] = 1
    python_work_ms: Annotated[
        float, Field(ge=0, le=10_000, description="milliseconds of pure Python work on each frame: a tracker, say")
    ] = 0
    session_per_frame: Annotated[bool, Field(description="build the inference session anew for each frame")] = False

    @field_validator("*", mode="before")
    @classmethod
    def _only_switches_are_true_or_false(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("pydantic would take it for 1 or 0")
        return value

    def changed(self, name: str, value: bool | int | float) -> "LiveSettings":
        """These settings, with `name` set to `value`. Raises SettingsError for an unknown name or a bad value."""
        if name not in LiveSettings.model_fields:
            raise SettingsError(f"{name!r} is not one of {', '.join(LiveSettings.model_fields)}")
        values = {each: getattr(self, each) for each in LiveSettings.model_fields}
        try:
            return LiveSettings(**(values | {name: value}))
        except ValidationError as error:
            raise SettingsError(f"{name}: {fault_sentence(error.errors()[0])}") from error


class Settings(LiveSettings):
    """All settings, as they are at the start. `*_fps` are frames a second."""

    impl: Annotated[
        Literal["multiprocessing", "threading"], Field(description="what each role runs in, a process or a thread")
    ] = "multiprocessing"
    source: Annotated[
        Text,
        # Kept out of the repr, since a URL may carry a password.
        Field(repr=False, description="a video file, a camera's URL or index, or sample: the road that comes along"),
    ] = "sample"
    capture_fps: Annotated[Rate, Field(description="frames read from the source")] = 30
    ui_fps: Annotated[Rate, Field(description="frames sent to the page; at most the capture rate")] = 15
    queue_fps: Annotated[Rate, Field(description="frames queued for the detector; at most the capture rate")] = 5
    model: Annotated[Text, Field(description="an ONNX file, or the name of a model in models/")] = "default"
    host: Annotated[
        Text, Field(description="address to listen on; one that others can reach makes a token compulsory")
    ] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port of the page; 0 takes a free one")] = 7001
    token: Annotated[
        SecretStr | None,
        Field(
            min_length=1, description="what viewers must show; made up and printed where one is needed but not given"
        ),
    ] = None
    tls_cert: Annotated[
        Text | None, Field(description="PEM file of a certificate: serve https; needs --tls-key as well")
    ] = None
    tls_key: Annotated[Text | None, Field(description="PEM file of the certificate's key, without a passphrase")] = None
    jpeg_quality: Annotated[int, Field(ge=1, le=100, description="quality of the pictures sent to the page")] = 80
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="the least important lines to log")
    ] = "info"

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _rates_fit(self) -> Self:
        for name in ("ui_fps", "queue_fps"):
            if getattr(self, name) > self.capture_fps:
                raise ValueError(f"{name} ({getattr(self, name):g}) must not exceed capture_fps ({self.capture_fps:g})")
        return self

    @model_validator(mode="after")
    def _certificate_and_key_go_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise ValueError(f"{given} needs {missing} as well")
        return self

    @property
    def live(self) -> LiveSettings:
        """The part that viewers may change."""
        return LiveSettings(**self.model_dump(include=set(LiveSettings.model_fields)))


def access_token(settings: Settings) -> str | None:
    """What viewers must show, or None where nothing is asked of them: on loopback, when no token was set.

    Where one is needed but was not set, each call makes another.
    """
    if settings.token is not None:
        return settings.token.get_secret_value()
    return None if is_loopback(settings.host) else secrets.token_urlsafe()


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine and can be reached by nobody else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def limits(field: FieldInfo) -> str:
    """The values that a setting may have: "one of a, b", "between 1 and 100", or "" where any will do."""
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(get_args(field.annotation))}"
    bounds = {
        side: getattr(bound, side) for bound in field.metadata for side in ("gt", "ge", "le") if hasattr(bound, side)
    }
    match bounds:
        case {"gt": lowest, "le": highest}:
            return f"above {lowest} and at most {highest}"
        case {"ge": lowest, "le": highest}:
            return f"between {lowest} and {highest}"
    return ""


def fault_sentence(fault: ErrorDetails) -> str:
    """A fault that pydantic found, in plain words: "99999 is not a whole number between 0 and 65535"."""
    if not fault["loc"]:
        return str(fault["ctx"]["error"])
    name = str(fault["loc"][0])
    field = Settings.model_fields[name]
    kinds: dict[object, str] = {int: "a whole number ", float: "a number ", bool: "true or false"}
    wanted = kinds.get(field.annotation, "") + limits(field) or "a text of at least one character"
    given = repr(fault["input"])
    value = {"token": "the value", "source": redact(given)}.get(name, given)
    return f"{value} is not {wanted}"
