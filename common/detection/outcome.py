"""What processing one frame gives: for users as `Result`, inside the role as `Outcome`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError
from pydantic import dataclasses as pydantic_dataclasses

from common.errors import VisionError
from common.messaging.base import MAX_STATUS_CHARACTERS, Measure, Name
from common.messaging.messages import MAX_SHAPES, MAX_VALUES, Detection
from common.messaging.shapes import Shape

MAX_DETECTIONS = 1000
MAX_EVENTS = 20
CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


@pydantic_dataclasses.dataclass(frozen=True, slots=True, config=CONFIG)
class Event:
    """Something that happened once. `kind` is a word for programs, `text` a sentence for people, `data` more fields."""

    kind: Name
    text: Annotated[str, Field(max_length=MAX_STATUS_CHARACTERS)] = ""
    data: Annotated[Mapping[Name, bool | int | float | str], Field(max_length=50)] = field(default_factory=dict)


@pydantic_dataclasses.dataclass(frozen=True, slots=True, config=CONFIG)
class Result:
    """What your code found in one frame."""

    detections: Annotated[Sequence[Detection], Field(max_length=MAX_DETECTIONS)] = ()
    values: Annotated[Mapping[Name, Measure], Field(max_length=MAX_VALUES)] = field(default_factory=dict)
    shapes: Annotated[Sequence[Shape], Field(max_length=MAX_SHAPES)] = ()
    events: Annotated[Sequence[Event], Field(max_length=MAX_EVENTS)] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result, and how long it took: `inference_ms` is `session.run` alone, `processing_ms` everything."""

    detections: Sequence[Detection]
    inference_ms: float
    processing_ms: float
    values: Mapping[str, float] = field(default_factory=dict)
    shapes: Sequence[Any] = ()
    events: Sequence[Event] = ()


def as_result(returned: object) -> Result:
    """The result that user code returned: a Result, detections, or None. Raises VisionError for anything else."""
    if returned is None:
        return Result()
    if isinstance(returned, Result):
        return returned
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes | Mapping):
        raise VisionError(f"process() returned {type(returned).__name__}; expected detections, a Result, or None")
    try:
        return Result(tuple(islice(returned, MAX_DETECTIONS + 1)))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"[{part}]" for part in fault["loc"][1:])
        raise VisionError(f"process() returned detections{where}: {fault['msg']}") from error
