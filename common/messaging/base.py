"""The base class of all messages, and types that their fields share."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

MAX_STATUS_CHARACTERS = 500

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]
# The bounds keep the sums of these values in the server finite: JSON has no infinity (RFC 8259, section 6).
Measure: TypeAlias = Annotated[float, Field(ge=-1e15, le=1e15)]
UnixTime: TypeAlias = Annotated[float, Field(ge=0)]
FrameId: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]  # the integers that a JavaScript number holds exactly


class Message(BaseModel):
    """Base of all messages: validated when made, immutable, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def fit_status_text(text: str, info: ValidationInfo) -> str:
    """Cut the text of a status that is being made, and replace lone surrogates, which UTF-8 cannot encode.

    A status that was received is not changed: the server forwards it as it came, so it must fit already.
    """
    if info.mode == "json":
        return text
    return text[:MAX_STATUS_CHARACTERS].encode(errors="replace").decode()
